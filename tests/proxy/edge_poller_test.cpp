#include "proxy/edge_poller.hpp"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "proxy/socket_io.hpp"
#include "tests/proxy/socket_pair.hpp"

using namespace slotway;
using namespace slotway::proxy;
using Kind = PollTag::Kind;

namespace {

struct Ready {
  PollTag tag;
  std::uint32_t events;
};

std::vector<Ready> take(EdgePoller& poller) {
  std::vector<Ready> ready;
  for (const epoll_event& event : poller.take_ready(std::chrono::nanoseconds{0})) {
    ready.push_back({PollTag::unpack(event.data.u64), event.events});
  }
  return ready;
}

PollTag tag_of(std::uint32_t index) { return {Kind::client, {index, 0}}; }

void drain(int socket) {
  std::array<char, 4096> buffer;
  while (read_some(socket, buffer).status == IoStatus::ok) {
  }
}

}  // namespace

TEST_CASE("A tag survives its 64 bits") {
  const PollTag tags[] = {
      {Kind::client, {0, 0}},
      {Kind::upstream, {0, 0}},
      {Kind::client, {1, 1}},
      {Kind::upstream, {0x7FFFFFFF, 0xFFFFFFFF}},
      {Kind::client, {0x7FFFFFFF, 0x80000000}},
  };
  std::set<std::uint64_t> packed;
  for (const PollTag& tag : tags) {
    const PollTag back = PollTag::unpack(tag.pack());
    CHECK(back.kind == tag.kind);
    CHECK(back.handle == tag.handle);
    packed.insert(tag.pack());
  }
  CHECK(packed.size() == std::size(tags));
}

TEST_CASE("A socket is reported with its tag when bytes come, once for each arrival") {
  EdgePoller poller;
  SocketPair pair;
  CHECK(take(poller).empty());
  REQUIRE(poller.add(pair.ours(), {Kind::upstream, {7, 3}}));
  REQUIRE(take(poller).size() == 1);  // writable from the start
  CHECK(take(poller).empty());

  REQUIRE(pair.peer_sends("a"));
  auto ready = take(poller);
  REQUIRE(ready.size() == 1);
  CHECK(ready[0].tag.kind == Kind::upstream);
  CHECK(ready[0].tag.handle == Handle{7, 3});
  CHECK((ready[0].events & EPOLLIN) != 0);
  // Unread bytes are no second edge; new ones are.
  CHECK(take(poller).empty());
  REQUIRE(pair.peer_sends("b"));
  CHECK(take(poller).size() == 1);

  // A short read has emptied the socket: what comes later is an edge.
  drain(pair.ours());
  CHECK(take(poller).empty());
  REQUIRE(pair.peer_sends("c"));
  ready = take(poller);
  REQUIRE(ready.size() == 1);
  CHECK((ready[0].events & EPOLLIN) != 0);
}

TEST_CASE("A full socket is reported when it takes bytes again") {
  EdgePoller poller;
  SocketPair pair;
  REQUIRE(poller.add(pair.ours(), tag_of(1)));
  take(poller);
  const std::string chunk(65536, 'x');
  while (::send(pair.ours(), chunk.data(), chunk.size(), MSG_NOSIGNAL) > 0) {
  }
  CHECK(take(poller).empty());
  CHECK_FALSE(pair.peer_receives().empty());
  const auto ready = take(poller);
  REQUIRE(ready.size() == 1);
  CHECK((ready[0].events & EPOLLOUT) != 0);
}

TEST_CASE("The peer's end is reported, half or whole") {
  EdgePoller poller;
  SocketPair half;
  SocketPair whole;
  REQUIRE(poller.add(half.ours(), tag_of(1)));
  REQUIRE(poller.add(whole.ours(), tag_of(2)));
  take(poller);

  REQUIRE(::shutdown(half.peer(), SHUT_WR) == 0);
  auto ready = take(poller);
  REQUIRE(ready.size() == 1);
  CHECK(ready[0].tag.handle.index == 1);
  CHECK((ready[0].events & EPOLLRDHUP) != 0);
  CHECK((ready[0].events & EPOLLHUP) == 0);

  whole.close_peer();
  ready = take(poller);
  REQUIRE(ready.size() == 1);
  CHECK(ready[0].tag.handle.index == 2);
  CHECK((ready[0].events & EPOLLHUP) != 0);
}

TEST_CASE("A closed socket is not reported any more, and a descriptor that is none is refused") {
  EdgePoller poller;
  SocketPair pair;
  REQUIRE(poller.add(pair.ours(), tag_of(1)));
  REQUIRE(pair.peer_sends("a"));
  pair.close_ours();
  CHECK(take(poller).empty());
  CHECK_FALSE(poller.add(-1, tag_of(2)));
  CHECK(errno == EBADF);
}

TEST_CASE("The set's own descriptor is readable exactly while a socket is ready") {
  EdgePoller poller;
  EdgePoller outer;
  SocketPair pair;
  REQUIRE(outer.add(poller.fd(), tag_of(9)));
  take(outer);
  REQUIRE(poller.add(pair.ours(), tag_of(1)));
  take(poller);
  take(outer);
  CHECK(take(outer).empty());
  REQUIRE(pair.peer_sends("a"));
  CHECK(take(outer).size() == 1);
}

TEST_CASE("A tag that wants another turn is in the next batch, once") {
  EdgePoller poller;
  CHECK_FALSE(poller.has_again());
  poller.again({Kind::upstream, {5, 6}});
  CHECK(poller.has_again());
  const auto ready = take(poller);
  CHECK_FALSE(poller.has_again());
  REQUIRE(ready.size() == 1);
  CHECK(ready[0].tag.kind == Kind::upstream);
  CHECK(ready[0].tag.handle == Handle{5, 6});
  CHECK(ready[0].events == EPOLLIN);
  CHECK(take(poller).empty());
}

TEST_CASE("Tags that want another turn get it in their order, however many there are") {
  EdgePoller poller;
  const std::uint32_t count = 3 * EdgePoller::kBatch;
  for (std::uint32_t i = 0; i < count; ++i) poller.again(tag_of(i));
  std::uint32_t next = 0;
  // Those that were served first want more at once: they queue up behind the others.
  while (next < count) {
    const auto ready = take(poller);
    REQUIRE_FALSE(ready.empty());
    for (const Ready& r : ready) {
      if (next == count) break;
      REQUIRE(r.tag.handle.index == next++);
      poller.again(r.tag);
    }
  }
}

TEST_CASE("Ready sockets and tags that want another turn do not starve each other") {
  EdgePoller poller;
  std::vector<std::unique_ptr<SocketPair>> pairs;
  for (std::uint32_t i = 0; i < 2 * EdgePoller::kBatch; ++i) {
    pairs.push_back(std::make_unique<SocketPair>());
    REQUIRE(poller.add(pairs.back()->ours(), {Kind::client, {i, 0}}));
  }
  for (std::uint32_t i = 0; i < 2 * EdgePoller::kBatch; ++i) poller.again({Kind::upstream, {i, 0}});

  // In every batch both kinds have their part, until one of them has none left.
  std::set<std::uint32_t> sockets;
  std::set<std::uint32_t> tags;
  for (int batch = 0; batch < 4; ++batch) {
    std::size_t sockets_here = 0;
    const auto ready = take(poller);
    CHECK(ready.size() == EdgePoller::kBatch);
    for (const Ready& r : ready) {
      sockets_here += r.tag.kind == Kind::client ? 1 : 0;
      (r.tag.kind == Kind::client ? sockets : tags).insert(r.tag.handle.index);
    }
    CHECK(sockets_here == EdgePoller::kBatch / 2);
  }
  CHECK(sockets.size() == 2 * EdgePoller::kBatch);
  CHECK(tags.size() == 2 * EdgePoller::kBatch);
  CHECK(take(poller).empty());
}
