// One client of checked_load: what it has written, what it may therefore read, and the pipelines in between.
// Owner: CheckedLoad. Thread: its own, result() after that has ended. Invariant: `values_[k]` holds all that
// key k may contain: the last value that was acknowledged, and those of requests whose outcome is unknown.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tests/kit/checked_load.hpp"
#include "tests/kit/test_client.hpp"

namespace slotway::kit {

class LoadClient {
 public:
  LoadClient(const LoadOptions& options, unsigned number);

  // Sends pipelines until `stopping`; tells `good` of each good reply.
  void run(const std::atomic<bool>& stopping, GoodReplies& good);
  const LoadResult& result() const { return result_; }

 private:
  enum class Kind : std::uint8_t { set, get, mset, mget, exists, incr, echo };
  struct Request {
    Kind kind;
    std::vector<std::size_t> keys;    // indices of its own keys
    std::vector<std::string> values;  // set, mset: one per key; echo: its text
  };
  struct Value {
    std::optional<std::string> sure;     // last acknowledged; nullopt = none
    std::set<std::string> perhaps;       // written with unknown outcome
    std::set<std::string> acknowledged;  // all of them; kept only if writes may be lost
  };

  // Sends all, takes the replies, and keeps the books; the connection is opened if there is none, and gone
  // if it was lost.
  void do_pipeline(const std::vector<Request>& pipeline, GoodReplies& good);
  void check_at_end();
  std::vector<Request> next_pipeline();
  Request next_request(std::vector<std::size_t>& unused);
  static bool is_write(const Request& request);
  Args arguments_of(const Request& request) const;
  // Why the reply is wrong; empty = right.
  std::string check(const Request& request, const Reply& reply);
  std::string check_read(std::size_t key, const Reply& reply);
  std::string check_incr(const Reply& reply);
  // The counter's last value against all INCRs.
  std::string check_counter(const Reply& reply);
  void on_acknowledged(const Request& request);
  // `error` is what the server said; empty if it said nothing.
  void on_unknown(const Request& request, const std::string& error);
  void on_wrong(const std::string& what);
  void on_reply(const Request& request, const Reply& reply);
  std::string fresh_value();

  LoadOptions options_;
  std::optional<TestClient> connection_;
  std::string name_;  // begins its keys and values
  std::mt19937 random_;
  std::uint64_t last_value_ = 0;
  std::vector<Value> values_;
  long long counter_ = 0;           // the last reply of INCR
  long long counter_unknown_ = 0;   // INCRs since with unknown outcome
  long long all_acknowledged_ = 0;  // INCRs from the beginning
  long long all_unknown_ = 0;
  LoadResult result_;
};

}  // namespace slotway::kit
