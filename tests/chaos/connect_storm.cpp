#include "tests/chaos/connect_storm.hpp"

#include <poll.h>

#include <algorithm>
#include <string>

#include "proxy/open_files.hpp"

namespace slotway::chaos {
namespace {

constexpr std::chrono::milliseconds kTick(1);
constexpr std::chrono::seconds kPatience(15);
constexpr std::uint64_t kSources = 40;
constexpr std::size_t kMostRead = 64;

// Each has some 28,000 ports.
std::string source(std::uint64_t number) { return "127.0.4." + std::to_string(1 + number % kSources); }

}  // namespace

ConnectStorm::ConnectStorm(std::uint16_t port, double per_second, std::chrono::seconds time) : port_(port) {
  proxy::raise_open_files();
  thread_ = std::thread([this, per_second, time] { run(per_second, time); });
}

ConnectStorm::~ConnectStorm() { wait(); }

void ConnectStorm::wait() {
  if (thread_.joinable()) thread_.join();
}

void ConnectStorm::run(double per_second, std::chrono::seconds time) {
  const auto begin = Clock::now();
  const auto seconds = [&] { return std::chrono::duration<double>(Clock::now() - begin).count(); };
  std::uint64_t begun = 0;
  for (auto tick = begin; tick < begin + time; tick = Clock::now()) {
    const auto due = static_cast<std::uint64_t>(per_second * seconds());
    for (; begun < due && visits_.size() < kMostOpen; ++begun) open();
    attend(tick + kTick);
  }
  rate_ = static_cast<double>(opened_) / seconds();
  while (!visits_.empty()) attend(Clock::now() + kTick);
}

void ConnectStorm::open() {
  Visit visit{.socket = {}, .begin = Clock::now()};
  if (visit.socket.connect(port_, source(opened_ + failed_))) {
    visits_.push_back(std::move(visit));
  } else {
    ++failed_;
  }
}

void ConnectStorm::attend(Clock::time_point moment) {
  do {
    std::vector<pollfd> polled;
    for (const Visit& visit : visits_) {
      const short events = visit.has_asked ? POLLIN : POLLOUT;
      polled.push_back({.fd = visit.socket.fd(), .events = events, .revents = 0});
    }
    ::poll(polled.data(), polled.size(), 1);
    std::vector<Visit> open;
    for (std::size_t i = 0; i < visits_.size(); ++i) {
      if (!attend(visits_[i], polled[i].revents)) open.push_back(std::move(visits_[i]));
    }
    visits_ = std::move(open);
  } while (Clock::now() < moment);
}

// Two of three ask, the third leaves at once.
bool ConnectStorm::attend(Visit& visit, short ready) {
  if (ready == 0) {
    const bool is_late = Clock::now() > visit.begin + kPatience;
    if (is_late) ++failed_;
    return is_late;
  }
  if (visit.has_asked) {
    const bool is_right = visit.socket.receive(kMostRead) == "+PONG\r\n";
    ++(is_right ? answered_ : failed_);
    return true;
  }
  if ((ready & (POLLERR | POLLHUP)) != 0) {
    ++failed_;
    return true;
  }
  if (++opened_ % 3 == 0) return true;
  visit.socket.send("PING\r\n");
  visit.has_asked = true;
  return !visit.socket.is_open() && ++failed_ > 0;
}

}  // namespace slotway::chaos
