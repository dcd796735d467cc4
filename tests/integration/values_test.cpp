// Values and keys of every size and every byte.
#include <catch2/catch.hpp>

#include "tests/integration/proxied_cluster.hpp"

namespace slotway::integration {
namespace {

using kit::Reply;
using kit::TestClient;

// Bytes that differ from one offset and seed to the next, all 256 of them, line ends included.
std::string pattern(std::size_t size, unsigned seed) {
  std::string out(size, '\0');
  std::uint32_t state = seed * 2654435761u + 1;
  for (char& c : out) {
    state = state * 1664525u + 1013904223u;
    c = static_cast<char>(state >> 24);
  }
  return out;
}

// Not CHECK(a == b): on failure that prints both.
bool is_bulk(const Reply& reply, const std::string& expected) {
  return reply.type == Reply::Type::bulk && reply.text == expected;
}

}  // namespace

TEST_CASE("values of 0 bytes to 1 MB come back as they were") {
  ProxiedCluster proxied;
  TestClient client = proxied.client();
  for (const std::size_t size :
       {0, 1, 2, 1023, 4096, 16383, 16384, 16385, 65535, 65536, 65537, 262144, 1048576}) {
    INFO(size);
    const std::string key = "size:" + std::to_string(size);
    const std::string value = pattern(size, static_cast<unsigned>(size));
    CHECK(client.text({"SET", key, value}) == "+OK");
    CHECK(is_bulk(client.command({"GET", key}), value));
    CHECK(client.text({"STRLEN", key}) == ":" + std::to_string(size));
  }
}

TEST_CASE("a value of 64 MB comes back as it was, and other clients are served meanwhile") {
  ProxiedCluster proxied;
  TestClient client(proxied.port(), std::chrono::seconds(60));
  TestClient other = proxied.client();
  const std::string value = pattern(64u << 20, 1);
  client.send({"SET", "huge", value});
  CHECK(other.text({"SET", "small", "1"}) == "+OK");
  CHECK(kit::to_text(client.read()) == "+OK");
  client.send({"GET", "huge"});
  CHECK(other.text({"GET", "small"}) == "\"1\"");
  CHECK(is_bulk(client.read(), value));
  CHECK(client.text({"PING"}) == "+PONG");
}

TEST_CASE("an MGET of large values across slots comes back in order") {
  ProxiedCluster proxied;
  TestClient client = proxied.client();
  kit::Args mset = {"MSET"};
  kit::Args mget = {"MGET"};
  for (unsigned i = 0; i < 24; ++i) {
    const std::string key = "large:" + std::to_string(i);
    mset.insert(mset.end(), {key, pattern(300'000 + i, i)});
    mget.push_back(key);
  }
  CHECK(client.text(mset) == "+OK");
  const Reply reply = client.command(mget);
  REQUIRE(reply.elements.size() == 24);
  for (unsigned i = 0; i < 24; ++i) {
    INFO(i);
    CHECK(is_bulk(reply.elements[i], pattern(300'000 + i, i)));
  }
}

TEST_CASE("keys may hold any byte") {
  ProxiedCluster proxied;
  TestClient client = proxied.client();
  for (int byte = 0; byte < 256; ++byte) {
    const std::string key = {'k', static_cast<char>(byte), '\r', '\n'};
    INFO(byte);
    CHECK(client.text({"SET", key, std::to_string(byte)}) == "+OK");
    CHECK(client.text({"GET", key}) == "\"" + std::to_string(byte) + "\"");
  }
  CHECK(client.text({"SET", "", "empty"}) == "+OK");
  CHECK(client.text({"GET", ""}) == "\"empty\"");
  const std::string long_key = pattern(100'000, 9);
  CHECK(client.text({"SET", long_key, "long"}) == "+OK");
  CHECK(client.text({"GET", long_key}) == "\"long\"");
}

}  // namespace slotway::integration
