#include "proxy/client/inner_stream.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <string>

using namespace slotway::proxy;

TEST_CASE("an inner stream that is never empty keeps its order, and does not grow") {
  InnerStream stream;
  stream.in = std::string(100, 'a');
  std::string expected = stream.in;
  std::string heard;
  std::array<char, 10> buffer{};
  for (int i = 0; i < 1000; ++i) {
    const std::string more(10, static_cast<char>('b' + i % 20));
    stream.in += more;
    expected += more;
    const IoResult got = stream.read(buffer);
    REQUIRE(got.bytes == buffer.size());
    heard.append(buffer.data(), got.bytes);
    REQUIRE(stream.pending() == 100);
    REQUIRE(stream.in.size() <= 300);
  }
  CHECK(expected.starts_with(heard));
}

TEST_CASE("an inner stream says when there is no more") {
  InnerStream stream;
  std::array<char, 4> buffer{};
  stream.in = "abcdef";
  CHECK(stream.read(buffer).status == IoStatus::ok);
  const IoResult rest = stream.read(buffer);
  CHECK(rest.status == IoStatus::would_block);
  CHECK(rest.bytes == 2);
  CHECK(stream.read(buffer).bytes == 0);
  CHECK(stream.in.empty());
}
