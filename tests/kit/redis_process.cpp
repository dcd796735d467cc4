#include "tests/kit/redis_process.hpp"

#include <signal.h>

#include <cstdlib>
#include <stdexcept>
#include <string>
#include <utility>

#include "tests/kit/free_port.hpp"
#include "tests/kit/wait_until.hpp"

namespace slotway::kit {
std::string server_program() {
  const char* given = std::getenv("TEST_REDIS_SERVER");
  return given ? given : "redis-server";
}

bool answers_ping(std::uint16_t port, const std::string& address) {
  try {
    const Reply reply = TestClient(port, std::chrono::seconds(1), address).command({"PING"});
    return reply.text == "PONG" || reply.text.starts_with("NOAUTH");
  } catch (const ClientError&) {
    return false;
  }
}

RedisProcess::RedisProcess(std::vector<std::string> arguments, std::string address)
    : port_(free_port()), address_(std::move(address)), arguments_(std::move(arguments)) {
  start();
}

void RedisProcess::pause() {
  process_->signal(SIGSTOP);
  paused_ = true;
}

void RedisProcess::resume() {
  process_->signal(SIGCONT);
  paused_ = false;
}

void RedisProcess::shut_down() {
  try {
    const Reply refusal = command({"SHUTDOWN", "SAVE"});
    throw std::runtime_error("SHUTDOWN SAVE: " + to_text(refusal));
  } catch (const ClientError&) {
    // Its only answer is that it closes the connection.
  }
  if (!process_->wait(std::chrono::seconds(20)))
    throw std::runtime_error("redis-server does not end:\n" + log());
}

void RedisProcess::restart() {
  process_->kill();
  start();
}

void RedisProcess::restart_at(const std::string& address) {
  address_ = address;
  restart();
}

void RedisProcess::start() {
  paused_ = false;
  std::vector<std::string> command = {server_program()};
  const auto set = [&](const std::string& option, const std::string& value) {
    command.push_back("--" + option);
    command.push_back(value);
  };
  set("port", std::to_string(port_));
  set("bind", address_);
  set("bind-source-addr", address_);
  set("cluster-announce-ip", address_);
  set("protected-mode", "no");  // which takes other addresses of this machine for strangers
  set("dir", folder_.path());
  set("save", "");
  set("appendonly", "no");
  command.insert(command.end(), arguments_.begin(), arguments_.end());
  process_ = std::make_unique<ChildProcess>(command, folder_.path() / "log");
  try {
    wait_until("redis-server answers", std::chrono::seconds(20),
               [this] { return !process_->running() || answers_ping(port_, address_); });
  } catch (const std::runtime_error& error) {
    throw std::runtime_error(error.what() + ("\n" + log()));
  }
  if (!process_->running()) throw std::runtime_error("redis-server ended at once:\n" + log());
}

}  // namespace slotway::kit
