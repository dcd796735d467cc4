#include "proxy/edge_poller.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace slotway::proxy {

EdgePoller::EdgePoller() : fd_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
}

EdgePoller::~EdgePoller() { ::close(fd_); }

bool EdgePoller::add(int socket, PollTag tag) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.u64 = tag.pack();
  return ::epoll_ctl(fd_, EPOLL_CTL_ADD, socket, &event) == 0;
}

int EdgePoller::wait(int most, std::chrono::nanoseconds patience) {
  if (patience.count() > 0 && has_fine_wait_) {
    const timespec limit{0, static_cast<long>(patience.count())};
    const int count = ::epoll_pwait2(fd_, events_, most, &limit, nullptr);
    if (count >= 0 || errno != ENOSYS) return count;
    has_fine_wait_ = false;
  }
  return ::epoll_wait(fd_, events_, most, 0);
}

std::span<const epoll_event> EdgePoller::take_ready(std::chrono::nanoseconds patience) {
  // Half of the batch is kept for those that wait for another turn, if there are as many.
  const int kept = static_cast<int>(std::min(again_.size(), std::size_t{kBatch / 2}));
  const int polled = wait(kBatch - kept, again_.empty() ? patience : std::chrono::nanoseconds{0});
  std::size_t count = polled > 0 ? static_cast<std::size_t>(polled) : 0;
  for (; !again_.empty() && count < kBatch; again_.pop_front()) {
    events_[count].events = EPOLLIN;
    events_[count++].data.u64 = again_.front().pack();
  }
  return {events_, count};
}

}  // namespace slotway::proxy
