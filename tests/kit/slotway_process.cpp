#include "tests/kit/slotway_process.hpp"

#include <signal.h>

#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include "tests/kit/free_port.hpp"
#include "tests/kit/wait_until.hpp"

namespace slotway::kit {
namespace {

bool is_ready(std::uint16_t admin_port) {
  try {
    return http_get(admin_port, "/readyz").status == 200;
  } catch (const ClientError&) {
    return false;
  }
}

}  // namespace

HttpReply http_ask(std::uint16_t port, const std::string& method, const std::string& path) {
  TestClient client(port, std::chrono::seconds(5));
  client.send_raw(method + " " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  const std::string all = client.read_until_closed();
  const std::size_t end = all.find("\r\n\r\n");
  if (!all.starts_with("HTTP/1.1 ") || end == std::string::npos) throw ClientError("no HTTP reply: " + all);
  return {std::atoi(all.c_str() + 9), all.substr(0, end), all.substr(end + 4)};
}

SlotwayProcess::SlotwayProcess(const std::string& binary, const std::string& seeds,
                               std::vector<std::string> arguments, const std::string& yaml,
                               const std::vector<std::string>& more_addresses)
    : port_(free_port()), admin_port_(free_port()) {
  std::string addresses = "127.0.0.1:" + std::to_string(port_);
  for (const std::string& address : more_addresses) addresses += "," + address;
  command_ = {binary,
              "--upstream",
              seeds,
              "--listen",
              addresses,
              "--admin",
              "127.0.0.1:" + std::to_string(admin_port_)};
  command_.insert(command_.end(), arguments.begin(), arguments.end());
  if (!yaml.empty()) {
    const std::string file = folder_.path() / "slotway.yaml";
    std::ofstream(file) << yaml;
    command_.insert(command_.end(), {"--config", file});
  }
  start();
}

void SlotwayProcess::restart() {
  process_->kill();
  start();
}

void SlotwayProcess::start() {
  process_ = std::make_unique<ChildProcess>(command_, folder_.path() / "log");
  try {
    wait_until("slotway is ready", std::chrono::seconds(20),
               [this] { return !process_->running() || is_ready(admin_port_); });
  } catch (const std::runtime_error& error) {
    throw std::runtime_error(error.what() + ("\n" + output()));
  }
  if (!process_->running()) throw std::runtime_error("slotway ended at once:\n" + output());
}

double SlotwayProcess::metric(const std::string& sample) const {
  const std::string body = "\n" + get("/metrics").body;
  const std::size_t at = body.find("\n" + sample + " ");
  if (at == std::string::npos) throw std::runtime_error("/metrics has no sample " + sample);
  return std::atof(body.c_str() + at + sample.size() + 2);
}

void SlotwayProcess::begin_stop() const { process_->signal(SIGTERM); }

std::optional<int> SlotwayProcess::stop(std::chrono::milliseconds limit) {
  begin_stop();
  return process_->wait(limit);
}

}  // namespace slotway::kit
