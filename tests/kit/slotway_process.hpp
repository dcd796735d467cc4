// The `slotway` program as a process: in front of a cluster, on free ports.
// Owner: the test that starts it. Thread: the test's (see child_process). Invariant: it serves when the
// constructor returns, and no process is left by the destructor.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/kit/child_process.hpp"
#include "tests/kit/temp_folder.hpp"
#include "tests/kit/test_client.hpp"

namespace slotway::kit {

struct HttpReply {
  int status = 0;
  std::string head;  // status line and headers
  std::string body;
};

// One request without a body; throws ClientError.
HttpReply http_ask(std::uint16_t port, const std::string& method, const std::string& path);
inline HttpReply http_get(std::uint16_t port, const std::string& path) { return http_ask(port, "GET", path); }

class SlotwayProcess {
 public:
  // `seeds` is the value of --upstream; `arguments` follow, e.g. {"--workers", "1"}. A non-empty `yaml` is
  // written to a file and given with --config. It listens on port(), and on `more_addresses`. Returns when
  // /readyz answers 200; throws std::runtime_error with the program's output if it does not.
  SlotwayProcess(const std::string& binary, const std::string& seeds, std::vector<std::string> arguments = {},
                 const std::string& yaml = {}, const std::vector<std::string>& more_addresses = {});

  std::uint16_t port() const { return port_; }
  std::uint16_t admin_port() const { return admin_port_; }
  pid_t pid() const { return process_->pid(); }
  // Where its `yaml` is. It may be replaced.
  std::filesystem::path config_file() const { return folder_.path() / "slotway.yaml"; }
  void signal(int number) const { process_->signal(number); }
  bool running() { return process_->running(); }
  TestClient client(TestClient::Timeout timeout = std::chrono::seconds(10)) const {
    return TestClient(port_, timeout);
  }
  HttpReply get(const std::string& path) const { return http_get(admin_port_, path); }
  HttpReply post(const std::string& path) const { return http_ask(admin_port_, "POST", path); }
  // The value of one sample of /metrics, named as it stands there with its labels; throws std::runtime_error
  // if it is not there.
  double metric(const std::string& sample) const;
  // Standard output and error so far: for INFO().
  std::string output() const { return process_->output(); }

  void kill() { process_->kill(); }  // SIGKILL, and waits for its end
  // Starts it again with the same arguments on the same ports, killing it first if it runs; returns and
  // throws as the constructor does.
  void restart();
  void begin_stop() const;  // SIGTERM
  // SIGTERM, and waits for the end; the exit code, or nullopt if it still runs after `limit`.
  std::optional<int> stop(std::chrono::milliseconds limit = std::chrono::seconds(20));
  std::optional<int> wait(std::chrono::milliseconds limit) { return process_->wait(limit); }

 private:
  void start();

  std::uint16_t port_;
  std::uint16_t admin_port_;
  TempFolder folder_;
  std::vector<std::string> command_;
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace slotway::kit
