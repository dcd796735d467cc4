// A real redis-sentinel on a free port of this machine, with a configuration file of its own in a temporary
// folder. Owner: the test that starts it. Thread: the test's (see child_process). Invariant: the destructor
// leaves no process and no file.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/kit/child_process.hpp"
#include "tests/kit/temp_folder.hpp"
#include "tests/kit/test_client.hpp"

namespace slotway::kit {

class SentinelProcess {
 public:
  // `lines` of its configuration file, e.g. {"sentinel monitor mymaster 127.0.0.1 7000 2"}. Returns when PING
  // is answered; throws std::runtime_error with the sentinel's log if that does not happen.
  explicit SentinelProcess(const std::vector<std::string>& lines);

  std::uint16_t port() const { return port_; }
  bool running() { return !paused_ && process_->running(); }
  TestClient client() const { return TestClient(port_, std::chrono::seconds(10)); }
  // One command on a connection of its own.
  Reply command(const Args& arguments) const { return client().command(arguments); }
  std::string log() const { return process_->output(); }

  void kill() { process_->kill(); }  // SIGKILL, and waits for its end
  void pause();                      // SIGSTOP
  void resume();                     // SIGCONT
  void restart();                    // on the same port, with what it knew

 private:
  void start();

  std::uint16_t port_;
  TempFolder folder_;
  std::unique_ptr<ChildProcess> process_;
  bool paused_ = false;
};

}  // namespace slotway::kit
