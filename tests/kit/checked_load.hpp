// Load that knows what it may read: clients on threads and connections of their own, each with keys that
// nobody else writes and values that are never written twice. A reply that its own client cannot have caused
// is wrong. Owner: a test. Thread: starts one per client; the public functions are for the test's thread.
// Invariant: every reply is checked; an error leaves its request's outcome open and is counted by its text.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "tests/kit/good_replies.hpp"
#include "tests/kit/load_result.hpp"

namespace slotway::kit {

struct LoadOptions {
  std::uint16_t port = 0;
  // A client that is closed or refused goes to the other port, as behind one address; 0 = there is none.
  std::uint16_t other_port = 0;
  unsigned clients = 6;
  unsigned keys_per_client = 24;
  unsigned max_pipeline =
      8;  // a pipeline uses each key once: nothing is said about the order of two slots' writes
  // A primary that dies takes writes with it that it has not yet replicated: older values may come back.
  bool may_lose_writes = false;
  // When a client ends it reads all that it has written once more, and compares its counter with its INCRs.
  bool reads_all_at_end = false;
};

class LoadClient;

class CheckedLoad {
 public:
  // Starts at once.
  explicit CheckedLoad(const LoadOptions& options);
  ~CheckedLoad();
  CheckedLoad(const CheckedLoad&) = delete;
  CheckedLoad& operator=(const CheckedLoad&) = delete;

  // Good replies so far, of all clients.
  std::uint64_t replies() const { return replies_.count(); }
  // Returns when there are `more` good replies than now; throws std::runtime_error after `limit`.
  void wait_for(std::uint64_t more, std::chrono::milliseconds limit = std::chrono::seconds(30)) const;
  // Ends the clients after the pipeline they are in. May be called again, for the same result.
  LoadResult stop();

 private:
  std::atomic<bool> stopping_{false};
  GoodReplies replies_;
  std::vector<std::unique_ptr<LoadClient>> clients_;
  std::vector<std::thread> threads_;
  LoadResult result_;
};

}  // namespace slotway::kit
