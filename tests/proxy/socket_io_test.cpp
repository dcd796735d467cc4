#include "proxy/socket_io.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <array>
#include <catch2/catch.hpp>
#include <string>

#include "tests/protocol/byte_queue_text.hpp"
#include "tests/proxy/socket_pair.hpp"

using namespace slotway;
using namespace slotway::proxy;
using std::chrono::milliseconds;

namespace {

// A queue in `parts` blocks, each of `size` bytes.
protocol::ByteQueue blocks_of(protocol::BlockPool& pool, std::size_t parts, std::size_t size) {
  protocol::ByteQueue queue;
  for (std::size_t i = 0; i < parts; ++i) {
    protocol::Block* block = pool.acquire(size);
    patterned(size, static_cast<unsigned>(i)).copy(block->data(), size);
    block->end = size;
    queue.append_block(block);
  }
  return queue;
}

int option_of(int socket, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  REQUIRE(::getsockopt(socket, level, name, &value, &size) == 0);
  return value;
}

}  // namespace

TEST_CASE("A read that fills the buffer may have left something, a shorter one has not") {
  SocketPair pair;
  std::array<char, 8> buffer;
  struct Case {
    std::string sent;
    IoStatus status;
    std::size_t bytes;
  };
  const Case cases[] = {
      {"", IoStatus::would_block, 0}, {"a", IoStatus::would_block, 1}, {"1234567", IoStatus::would_block, 7},
      {"12345678", IoStatus::ok, 8},  {"1234567890", IoStatus::ok, 8},
  };
  for (const Case& c : cases) {
    REQUIRE(pair.peer_sends(c.sent));
    const IoResult result = read_some(pair.ours(), buffer);
    CHECK(result.status == c.status);
    REQUIRE(result.bytes == c.bytes);
    CHECK(std::string_view(buffer.data(), result.bytes) == std::string_view(c.sent).substr(0, c.bytes));
  }
  const IoResult rest = read_some(pair.ours(), buffer);
  CHECK(rest.status == IoStatus::would_block);
  CHECK(rest.bytes == 2);
}

TEST_CASE("What was sent before the end is read before the end is seen") {
  SocketPair pair;
  std::array<char, 8> buffer;
  REQUIRE(pair.peer_sends("12345678bye"));
  pair.close_peer();
  CHECK(read_some(pair.ours(), buffer).bytes == 8);
  CHECK(read_some(pair.ours(), buffer).bytes == 3);
  for (int i = 0; i < 2; ++i) {
    const IoResult end = read_some(pair.ours(), buffer);
    CHECK(end.status == IoStatus::closed);
    CHECK(end.bytes == 0);
  }
}

TEST_CASE("A socket that is none fails") {
  std::array<char, 8> buffer;
  protocol::BlockPool pool;
  protocol::ByteQueue queue = blocks_of(pool, 1, 10);
  CHECK(read_some(-1, buffer).status == IoStatus::failed);
  CHECK(write_some(-1, queue, {}).status == IoStatus::failed);
  queue.clear(pool);
}

TEST_CASE("A write takes what stands behind the cursor, over any number of blocks") {
  protocol::BlockPool pool;
  for (const std::size_t parts : {1u, 2u, 3u, 64u, 65u, 200u}) {
    protocol::ByteQueue queue = blocks_of(pool, parts, 20);
    const std::string all = queue_text(queue);
    for (const std::size_t skipped : {std::size_t{0}, std::size_t{1}, std::size_t{20}, all.size() - 1}) {
      INFO(parts << " blocks, " << skipped << " bytes skipped");
      SocketPair pair;
      protocol::ByteQueue::Cursor cursor;
      queue.advance(cursor, skipped);
      // Up to 64 blocks leave in one call.
      std::size_t written = skipped;
      int calls = 0;
      while (written < all.size()) {
        const IoResult result = write_some(pair.ours(), queue, cursor);
        REQUIRE(result.status == IoStatus::ok);
        REQUIRE(result.bytes > 0);
        queue.advance(cursor, result.bytes);
        written += result.bytes;
        ++calls;
      }
      CHECK(calls <= static_cast<int>((parts + 63) / 64));
      CHECK(pair.peer_receives() == all.substr(skipped));
    }
    queue.clear(pool);
  }
}

TEST_CASE("A socket that is full takes a part, then nothing, and goes on where it stopped") {
  protocol::BlockPool pool;
  protocol::ByteQueue queue = blocks_of(pool, 100, 100'000);
  const std::string all = queue_text(queue);
  SocketPair pair;
  protocol::ByteQueue::Cursor cursor;
  std::string received;
  bool was_full = false;
  std::size_t written = 0;
  while (written < all.size()) {
    const IoResult result = write_some(pair.ours(), queue, cursor);
    REQUIRE((result.status == IoStatus::ok || result.status == IoStatus::would_block));
    queue.advance(cursor, result.bytes);
    written += result.bytes;
    if (result.status == IoStatus::ok) continue;
    was_full = true;
    const IoResult again = write_some(pair.ours(), queue, cursor);
    REQUIRE(again.status == IoStatus::would_block);
    queue.advance(cursor, again.bytes);
    written += again.bytes;
    received += pair.peer_receives();
  }
  received += pair.peer_receives();
  CHECK(was_full);
  CHECK(received == all);
  queue.clear(pool);
}

TEST_CASE("A write to a peer that has gone fails without a signal, in one block or in several") {
  protocol::BlockPool pool;
  for (const std::size_t parts : {1u, 3u}) {
    protocol::ByteQueue queue = blocks_of(pool, parts, 10);
    SocketPair pair;
    pair.close_peer();
    const IoResult result = write_some(pair.ours(), queue, {});
    CHECK(result.status == IoStatus::failed);
    CHECK(errno == EPIPE);
    queue.clear(pool);
  }
}

TEST_CASE("Socket options are those of the configuration") {
  struct Case {
    SocketOptions options;
    int keepalive = 0, idle = 0, interval = 0, user_timeout = 0;
  };
  const Case cases[] = {
      {{milliseconds(0), milliseconds(0)}, 0, 0, 0, 0},
      {{milliseconds(60'000), milliseconds(10'000)}, 1, 60, 20, 10'000},
      {{milliseconds(2'900), milliseconds(1)}, 1, 2, 1, 1},
      {{milliseconds(1), milliseconds(0)}, 1, 1, 1, 0},
  };
  for (const Case& c : cases) {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    REQUIRE(socket >= 0);
    tune_socket(socket, c.options);
    CHECK(option_of(socket, IPPROTO_TCP, TCP_NODELAY) != 0);
    CHECK(option_of(socket, SOL_SOCKET, SO_KEEPALIVE) == c.keepalive);
    if (c.keepalive != 0) {
      CHECK(option_of(socket, IPPROTO_TCP, TCP_KEEPIDLE) == c.idle);
      CHECK(option_of(socket, IPPROTO_TCP, TCP_KEEPINTVL) == c.interval);
      CHECK(option_of(socket, IPPROTO_TCP, TCP_KEEPCNT) == 3);
    }
    CHECK(option_of(socket, IPPROTO_TCP, TCP_USER_TIMEOUT) == c.user_timeout);
    ::close(socket);
  }
}

TEST_CASE("Options that a socket does not have are left alone") {
  SocketPair pair;
  tune_socket(pair.ours(), {milliseconds(1000), milliseconds(1000)});
  CHECK(option_of(pair.ours(), SOL_SOCKET, SO_KEEPALIVE) == 0);
  REQUIRE(pair.peer_sends("still alive"));
  std::array<char, 64> buffer;
  CHECK(read_some(pair.ours(), buffer).bytes == 11);
}
