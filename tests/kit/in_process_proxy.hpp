// The whole proxy in the test's own process: workers, control plane and all, on a free port. Owner: a test.
// Thread: the test's. Invariant: its threads have ended when the destructor returns.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "config/config.hpp"
#include "tests/kit/captured_log.hpp"
#include "tests/kit/fake_cluster.hpp"
#include "tests/kit/test_client.hpp"

namespace slotway::proxy {
class Server;
}

namespace slotway::kit {

// Free ports, no admin port, one worker, refreshes only when something asks for them, and times that no test
// waits for.
config::Config inproc_config(const FakeCluster& cluster);

class InProcessProxy {
 public:
  // Returns when it has a map that covers all slots, unless `wait_for_map` is false. Throws
  // std::runtime_error.
  explicit InProcessProxy(const config::Config& config, bool wait_for_map = true);
  ~InProcessProxy();

  std::uint16_t port() const;
  TestClient client() const { return TestClient(port(), kPatience); }
  // A field of INFO slotway, by a client of its own.
  std::string info(const std::string& field) const;
  // Asks for that field, again and again, until it has the value; throws if it never has.
  void wait_for_info(const std::string& field, const std::string& value) const;
  std::string log() const { return log_.text(); }

  // Returns when another configuration holds, as after SIGHUP; throws if it is not taken.
  void reload(const config::Config& config);

  void begin_stop();
  // False if it still runs.
  bool wait_stopped(std::chrono::milliseconds limit);

 private:
  CapturedLog log_;
  std::mutex mutex_;
  config::Config config_;  // guarded by mutex_ from the start on; the test's thread alone writes it
  std::unique_ptr<proxy::Server> server_;
  std::condition_variable changed_;
  bool stopped_ = false;
  std::thread thread_;
};

}  // namespace slotway::kit
