// A real redis-server on a free port of this machine, in a temporary folder, without persistence but for what
// shut_down saves.
// Owner: the test that starts it. Thread: the test's (see child_process). Invariant: the destructor leaves no
// process and no file.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/kit/child_process.hpp"
#include "tests/kit/temp_folder.hpp"
#include "tests/kit/test_client.hpp"

namespace slotway::kit {

// Debian's redis-server, or what TEST_REDIS_SERVER names: another version, or Valkey.
std::string server_program();
// A server answers there, if only to say that it asks for a password.
bool answers_ping(std::uint16_t port, const std::string& address);

class RedisProcess {
 public:
  // `arguments` follow redis-server's own, e.g. {"--requirepass", "secret"}. Returns when PING is answered
  // (with PONG or NOAUTH); throws std::runtime_error with the server's log if that does not happen.
  explicit RedisProcess(std::vector<std::string> arguments = {}, std::string address = "127.0.0.1");

  std::uint16_t port() const { return port_; }
  // Where it listens, what it connects from, and what a cluster node announces.
  const std::string& address() const { return address_; }
  std::string host_port() const { return address_ + ":" + std::to_string(port_); }
  pid_t pid() const { return process_->pid(); }
  // Neither ended nor paused.
  bool running() { return !paused_ && process_->running(); }
  TestClient client() const { return TestClient(port_, std::chrono::seconds(10), address_); }
  // One command on a connection of its own.
  Reply command(const Args& arguments) const { return client().command(arguments); }
  std::string log() const { return process_->output(); }

  void kill() { process_->kill(); }  // SIGKILL, and waits for its end
  void pause();                      // SIGSTOP: the kernel accepts connections, nothing is answered
  void resume();                     // SIGCONT
  // SHUTDOWN SAVE: its replicas get what they lack, and the next start finds its data. Returns when it has
  // ended; throws std::runtime_error if it does not.
  void shut_down();
  // Starts it again on the same port and in the same folder (a cluster node stays the same node), killing it
  // first if it runs. Its data is what shut_down saved last, or lost.
  void restart();
  // Likewise, on another address of this machine.
  void restart_at(const std::string& address);

 private:
  void start();

  std::uint16_t port_;
  std::string address_;
  std::vector<std::string> arguments_;
  TempFolder folder_;
  std::unique_ptr<ChildProcess> process_;
  bool paused_ = false;
};

}  // namespace slotway::kit
