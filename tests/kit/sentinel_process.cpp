#include "tests/kit/sentinel_process.hpp"

#include <signal.h>

#include <fstream>
#include <stdexcept>

#include "tests/kit/free_port.hpp"
#include "tests/kit/redis_process.hpp"
#include "tests/kit/wait_until.hpp"

namespace slotway::kit {
SentinelProcess::SentinelProcess(const std::vector<std::string>& lines) : port_(free_port()) {
  std::ofstream file(folder_.path() / "sentinel.conf");
  file << "port " << port_ << "\nbind 127.0.0.1\nprotected-mode no\ndir " << folder_.path().string() << "\n";
  for (const std::string& line : lines) file << line << "\n";
  file.close();
  start();
}

void SentinelProcess::start() {
  paused_ = false;
  process_ = std::make_unique<ChildProcess>(
      std::vector<std::string>{server_program(), folder_.path() / "sentinel.conf", "--sentinel"},
      folder_.path() / "log");
  try {
    wait_until("redis-sentinel answers", std::chrono::seconds(20),
               [this] { return !process_->running() || answers_ping(port_, "127.0.0.1"); });
  } catch (const std::runtime_error& error) {
    throw std::runtime_error(error.what() + ("\n" + log()));
  }
  if (!process_->running()) throw std::runtime_error("redis-sentinel ended at once:\n" + log());
}

void SentinelProcess::pause() {
  process_->signal(SIGSTOP);
  paused_ = true;
}

void SentinelProcess::resume() {
  process_->signal(SIGCONT);
  paused_ = false;
}

void SentinelProcess::restart() {
  process_->kill();
  start();
}

}  // namespace slotway::kit
