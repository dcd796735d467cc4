#include "proxy/edge_poller.hpp"

#include <unistd.h>

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

std::span<const epoll_event> EdgePoller::take_ready() {
  const int polled = ::epoll_wait(fd_, events_, kBatch, 0);
  std::size_t count = polled > 0 ? static_cast<std::size_t>(polled) : 0;
  while (!again_.empty() && count < kBatch) {
    events_[count].events = EPOLLIN;
    events_[count++].data.u64 = again_.back().pack();
    again_.pop_back();
  }
  return {events_, count};
}

}  // namespace slotway::proxy
