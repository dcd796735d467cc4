// What every in-process test starts from: fake nodes, the proxy in front of them, and words for what goes
// over the wire. Owner: a test case. Thread: the test's.
#pragma once

#include <poll.h>

#include <catch2/catch.hpp>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/kit/fake_cluster.hpp"
#include "tests/kit/in_process_proxy.hpp"
#include "tests/kit/test_client.hpp"

namespace slotway::inproc {

using namespace std::chrono_literals;
using kit::Args;
using kit::encode;
using kit::FakeRedis;
using kit::TestClient;

inline std::string bulk(std::string_view text) {
  return "$" + std::to_string(text.size()) + "\r\n" + std::string(text) + "\r\n";
}
inline std::string error(std::string_view text) { return "-" + std::string(text) + "\r\n"; }

// "SET a 1"
inline std::string words(const FakeRedis::Request& request) {
  std::string out;
  for (const std::string& arg : request.args) out += (out.empty() ? "" : " ") + arg;
  return out;
}

// Takes the node's next request, which must be `expected`, and answers it.
inline FakeRedis::Request serve(FakeRedis& node, const std::string& expected, std::string_view reply = {}) {
  const FakeRedis::Request request = node.take();
  CHECK(words(request) == expected);
  node.send(request, reply);
  return request;
}

inline FakeRedis::Handler always(std::string reply) {
  return [reply = std::move(reply)](const FakeRedis::Request&) { return FakeRedis::Reaction{reply}; };
}

// Bytes have come to the client that it has not read.
inline bool has_input(const TestClient& client) {
  pollfd entry{client.fd(), POLLIN, 0};
  return ::poll(&entry, 1, 0) == 1;
}

inline std::size_t count_lines(const std::string& text, const std::string& line) {
  std::size_t count = 0;
  for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) {
    count += text.compare(at, line.size() + 1, line + "\n") == 0 ? 1u : 0u;
  }
  return count;
}

// A node's answer to HELLO 3.
inline const std::string kHello = "%1\r\n$5\r\nproto\r\n:3\r\n";

// Switches the client to RESP3; what HELLO answers is the proxy's.
inline void speak_resp3(TestClient& client) {
  client.send_raw(encode({"HELLO", "3"}) + encode({"PING"}));
  std::string received;
  while (!received.ends_with("+PONG\r\n")) received += client.read_raw(1);
  CHECK(received.starts_with("%7\r\n$6\r\nserver\r\n"));
}

struct Scene {
  using Adjust = std::function<void(config::Config&)>;

  kit::FakeCluster cluster;
  kit::InProcessProxy proxy;
  TestClient other;  // for barrier()

  explicit Scene(std::size_t nodes, const Adjust& adjust = {}, const std::string& version = "7.0.15")
      : cluster(nodes, version), proxy(adjusted(cluster, adjust)), other(proxy.client()) {}

  FakeRedis& node(std::size_t i) { return cluster[i]; }
  TestClient client() const { return proxy.client(); }
  // One that its worker has met: barrier() says nothing of clients that are still being accepted.
  TestClient known_client() const {
    TestClient known = proxy.client();
    REQUIRE(known.text({"PING"}) == "+PONG");
    return known;
  }

  // The worker has handled all that had come to its sockets before: it takes in all ready sockets in one
  // turn, and answers at the turn's end.
  void barrier() { REQUIRE(other.text({"PING"}) == "+PONG"); }

 private:
  static config::Config adjusted(const kit::FakeCluster& cluster, const Adjust& adjust) {
    config::Config config = kit::inproc_config(cluster);
    if (adjust) adjust(config);
    return config;
  }
};

inline Scene::Adjust request_timeout(std::chrono::milliseconds timeout) {
  return [timeout](config::Config& config) { config.timeouts.request = timeout; };
}
// So many connections may be set aside: one that is lost from sight is missed.
inline Scene::Adjust pinned_limit(std::uint32_t limit) {
  return [limit](config::Config& config) { config.limits.max_pinned_per_worker = limit; };
}
// The map of the start stays: what is patched is not set right by a refresh.
inline void never_refresh(config::Config& config) { config.topology.min_refresh_interval = 1h; }

}  // namespace slotway::inproc
