// Bounds: what a client may have in flight and unread, how many clients there may be, how large a request may
// be.
#include <algorithm>

#include "protocol/reply_errors.hpp"
#include "tests/inproc/scene.hpp"

namespace slotway::inproc {

TEST_CASE("a client has no more requests in flight than its limit, at half of it, it goes on") {
  Scene scene(1, [](config::Config& config) { config.limits.max_inflight_per_client = 4; });
  TestClient client = scene.client();
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += encode({"INCRBY", "k", std::to_string(i)});
  client.send_raw(bytes);
  std::vector<FakeRedis::Request> taken;
  for (int i = 0; i < 4; ++i) taken.push_back(scene.node(0).take());
  scene.barrier();
  CHECK(scene.node(0).is_quiet());
  scene.node(0).send(taken[0], ":0\r\n");
  CHECK(client.read().integer == 0);
  scene.barrier();
  CHECK(scene.node(0).is_quiet());  // three are more than half
  scene.node(0).send(taken[0], ":1\r\n");
  CHECK(client.read().integer == 1);
  for (int i = 4; i < 6; ++i) CHECK(words(scene.node(0).take()) == "INCRBY k " + std::to_string(i));
  scene.barrier();
  CHECK(scene.node(0).is_quiet());
  scene.node(0).send(taken[0], ":2\r\n:3\r\n:4\r\n:5\r\n");
  for (int i = 6; i < 8; ++i)
    serve(scene.node(0), "INCRBY k " + std::to_string(i), ":" + std::to_string(i) + "\r\n");
  for (int i = 2; i < 8; ++i) CHECK(client.read().integer == i);
}

TEST_CASE("the bytes in flight are limited too") {
  Scene scene(1, [](config::Config& config) { config.limits.max_inflight_bytes_per_client = 1000; });
  TestClient client = scene.client();
  const std::string value(600, 'x');
  std::string bytes;
  for (int i = 0; i < 4; ++i) bytes += encode({"SET", "k", value});
  client.send_raw(bytes);
  const auto first = scene.node(0).take();
  scene.node(0).take();
  scene.barrier();
  CHECK(scene.node(0).is_quiet());
  scene.node(0).send(first, "+OK\r\n+OK\r\n");
  scene.node(0).take();
  scene.node(0).take();
  scene.node(0).send(first, "+OK\r\n+OK\r\n");
  CHECK(client.read_raw(20) == "+OK\r\n+OK\r\n+OK\r\n+OK\r\n");
}

TEST_CASE("a client that does not read is not read from, when it reads, all its replies come") {
  Scene scene(1, [](config::Config& config) {
    config.limits.max_inflight_per_client = 2;
    config.limits.max_output_bytes_per_client = 512 << 10;
  });
  const std::string value(256 << 10, 'v');
  scene.node(0).set_handler(always(bulk(value)));
  constexpr std::size_t kRequests = 200;  // 50 MB of replies
  TestClient client = scene.client();
  std::string bytes;
  for (std::size_t i = 0; i < kRequests; ++i) bytes += encode({"GET", "k"});
  REQUIRE(client.send_unread(bytes, 5s) == bytes.size());

  // The requests stop when the sockets and the output are full.
  std::size_t seen = 0;
  for (std::size_t before = 1; seen != before;) {
    before = seen;
    scene.barrier();
    scene.proxy.wait_for_info("requests_in_flight", "0");
    scene.barrier();
    seen = count_lines(scene.node(0).history(), "GET k");
  }
  CHECK(seen >= 2);
  CHECK(seen < kRequests);

  // Others are served meanwhile.
  TestClient other = scene.client();
  CHECK(other.command({"GET", "k"}).text == value);

  for (std::size_t i = 0; i < kRequests; ++i) REQUIRE(client.read().text == value);
  CHECK(count_lines(scene.node(0).history(), "GET k") == kRequests + 1);
}

TEST_CASE("a client that only ever sends is stopped, and costs no more than its limits") {
  Scene scene(1, [](config::Config& config) { config.limits.max_output_bytes_per_client = 256 << 10; });
  const std::string command = encode({"ECHO", std::string(64 << 10, 'e')});
  std::string bytes;
  for (int i = 0; i < 1000; ++i) bytes += command;
  TestClient client = scene.client();
  CHECK(client.send_unread(bytes, 500ms) < bytes.size());
  CHECK(scene.proxy.info("clients") == "3");
  CHECK(std::stoull(scene.proxy.info("buffer_bytes")) < 4u << 20);
}

TEST_CASE("a client for which more replies are held than its limit is closed, alone") {
  Scene scene(2, [](config::Config& config) { config.limits.max_memory_bytes_per_client = 2 << 20; });
  const std::string a = scene.cluster.key(0);
  const std::string b = scene.cluster.key(1);
  const std::string value(128 << 10, 'v');
  scene.node(0).set_handler([&](const FakeRedis::Request& request) {
    return FakeRedis::Reaction{(request.args[0] == "MGET" ? "*1\r\n" : "") + bulk(value)};
  });
  std::string bytes;
  SECTION("replies that it does not read") {}
  SECTION("replies that wait for an earlier one") { bytes = encode({"GET", b}); }
  const bool split = GENERATE(false, true);
  INFO("split: " << split);
  // More than the limit and the sockets hold; each part that waits for its other half is held too.
  for (int i = 0; i < 400; ++i) bytes += split && i > 0 ? encode({"MGET", a, b}) : encode({"GET", a});
  TestClient client = scene.known_client();
  TestClient bystander = scene.client();
  CHECK(scene.proxy.info("clients") == "4");
  client.send_unread(bytes, 5s);
  scene.proxy.wait_for_info("clients", "3");
  CHECK(scene.proxy.log().find("limits.max_memory_per_client") != std::string::npos);
  CHECK(bystander.command({"GET", a}).text == value);
  CHECK(std::stoull(scene.proxy.info("buffer_bytes")) < 64u << 20);
}

TEST_CASE("when too much is held for all clients, the one with the most is closed, whichever worker has it") {
  const std::uint32_t workers = GENERATE(1u, 2u);
  INFO(workers << " workers");
  Scene scene(1, [&](config::Config& config) {
    config.workers = workers;
    config.limits.max_memory_bytes = 6 << 20;
  });
  const std::string a = scene.cluster.key(0);
  const std::string value(1 << 20, 'v');
  TestClient large = scene.known_client();
  TestClient small = scene.known_client();
  TestClient idle = scene.known_client();
  for (TestClient* client : {&large, &small}) CHECK(client->text({"MULTI"}) == "+OK");
  for (int i = 0; i < 2; ++i) CHECK(small.text({"SET", a, value}) == "+QUEUED");
  for (int i = 0; i < 3; ++i) CHECK(large.text({"SET", a, value}) == "+QUEUED");
  CHECK(scene.proxy.info("clients") == "5");
  large.send_unread(encode({"SET", a, std::string(2 << 20, 'v')}), 5s);
  scene.proxy.wait_for_info("clients", "4");
  CHECK(scene.proxy.log().find("limits.max_memory,") != std::string::npos);
  large.read_until_closed();
  CHECK(idle.text({"PING"}) == "+PONG");
  scene.node(0).set_handler([](const FakeRedis::Request& request) {
    if (request.args[0] == "EXEC") return FakeRedis::Reaction{"*2\r\n+OK\r\n+OK\r\n"};
    return FakeRedis::Reaction{request.args[0] == "MULTI" ? "+OK\r\n" : "+QUEUED\r\n"};
  });
  CHECK(small.text({"EXEC"}) == "[+OK, +OK]");
}

TEST_CASE("connections to a node are opened so many at a time") {
  Scene scene(1, [](config::Config& config) { config.limits.max_connecting_per_node = 2; });
  std::vector<TestClient> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(scene.client());
    speak_resp3(clients.back());
    clients.back().send({"BLPOP", "q", "0"});
  }
  const FakeRedis::Request first = scene.node(0).take();
  const FakeRedis::Request second = scene.node(0).take();
  for (const FakeRedis::Request* greeting : {&first, &second}) CHECK(words(*greeting) == "HELLO 3");
  scene.barrier();
  CHECK(scene.node(0).is_quiet());
  // One of them is open: it asks, and the third one comes.
  scene.node(0).send(first, kHello);
  std::vector<std::string> lines = {words(scene.node(0).take()), words(scene.node(0).take())};
  std::sort(lines.begin(), lines.end());
  CHECK(lines == std::vector<std::string>{"BLPOP q 0", "HELLO 3"});
}

TEST_CASE("a node that does not read delays its own requests only, when it reads, all are served in order") {
  Scene scene(2);
  const std::string a = scene.cluster.key(0);
  const std::string b = scene.cluster.key(1);
  scene.node(0).set_handler(
      [](const FakeRedis::Request& r) { return FakeRedis::Reaction{bulk(r.args[2].substr(0, 4))}; });
  scene.node(1).set_handler(always(bulk("b")));
  TestClient client = scene.client();
  TestClient stranger = scene.client();
  CHECK(kit::to_text(client.command({"GETSET", a, "0000"})) == "\"0000\"");
  scene.node(0).stop_reading();
  std::string bytes;
  for (int i = 1000; i < 1300; ++i)
    bytes += encode({"GETSET", a, std::to_string(i) + std::string(100'000, 'x')});
  client.send_raw(bytes);
  for (int i = 0; i < 20; ++i) REQUIRE(stranger.text({"GET", b}) == "\"b\"");
  CHECK_FALSE(has_input(client));
  scene.node(0).read_again();
  for (int i = 1000; i < 1300; ++i) REQUIRE(client.read().text == std::to_string(i));
}

TEST_CASE("one client too many gets Redis's error and is closed, when one leaves, there is room") {
  Scene scene(1, [](config::Config& config) { config.limits.max_clients = 3; });
  // The scene's other one is the first.
  const auto wait_for_clients = [&](const std::string& count) {
    for (int i = 0; i < 100'000; ++i) {
      if (scene.other.command({"INFO", "clients"}).text.find("connected_clients:" + count + "\r\n") !=
          std::string::npos)
        return;
    }
    FAIL("there are never " << count << " clients");
  };
  wait_for_clients("1");
  TestClient second = scene.client();
  auto third = std::make_unique<TestClient>(scene.client());
  wait_for_clients("3");
  for (int i = 0; i < 5; ++i)
    CHECK(scene.client().read_until_closed() == error(protocol::errors::kMaxClients));
  CHECK(count_lines(scene.proxy.log(), "a client was refused: there are limits.max_clients (3)") == 1);
  CHECK(second.text({"PING"}) == "+PONG");
  third.reset();
  wait_for_clients("2");
  CHECK(scene.client().text({"PING"}) == "+PONG");
}

TEST_CASE("a request beyond a limit gets Redis's error, before its bytes have come") {
  Scene scene(1, [](config::Config& config) {
    config.limits.max_bulk_bytes = 1000;
    config.limits.max_request_bytes = 4000;
    config.limits.max_arguments = 16;
  });
  scene.node(0).set_handler(always("+OK\r\n"));
  TestClient fitting = scene.client();
  CHECK(fitting.text({"SET", "k", std::string(1000, 'x')}) == "+OK");
  const std::string reply = "+OK\r\n-ERR Protocol error: invalid bulk length\r\n";
  TestClient bulky = scene.client();
  bulky.send_raw(encode({"SET", "k", "1"}) + "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1001\r\n");
  CHECK(bulky.read_until_closed() == reply);
  TestClient many = scene.client();
  many.send_raw("*17\r\n");
  CHECK(many.read_until_closed() == "-ERR Protocol error: invalid multibulk length\r\n");
  TestClient long_one = scene.client();
  Args args{"DEL"};
  for (int i = 0; i < 5; ++i) args.push_back(std::string(900, 'x'));
  long_one.send_raw(encode(args));
  CHECK(long_one.read_until_closed().starts_with("-ERR Protocol error: "));
  CHECK(fitting.text({"SET", "k", "1"}) == "+OK");
}

TEST_CASE("clients that are silent too long are closed, but not while they wait") {
  Scene scene(1, [](config::Config& config) { config.timeouts.client_idle = 1500ms; });
  TestClient idle = scene.client();
  TestClient waiting = scene.client();
  waiting.send({"GET", "k"});
  const auto request = scene.node(0).take();
  CHECK(idle.read_until_closed().empty());
  scene.node(0).send(request, bulk("1"));
  CHECK(kit::to_text(waiting.read()) == "\"1\"");

  // The waits between these are longer than the tick in which idle clients are looked for, and shorter than
  // the limit.
  TestClient busy = scene.client();
  busy.send({"SET", "k", "1"});
  for (int i = 0; i < 8; ++i) serve(scene.node(0), "SET k 1", "-TRYAGAIN x\r\n");
  serve(scene.node(0), "SET k 1", "+OK\r\n");
  CHECK(kit::to_text(busy.read()) == "+OK");
  CHECK(waiting.text({"PING"}) == "+PONG");
  CHECK(waiting.read_until_closed().empty());

  // One that asks and never reads is silent too.
  scene.node(0).set_handler(always(bulk(std::string(1 << 20, 'v'))));
  TestClient deaf = scene.known_client();
  deaf.send_raw(encode({"GET", "k"}) + encode({"GET", "k"}) + encode({"GET", "k"}) + encode({"GET", "k"}) +
                encode({"GET", "k"}) + encode({"GET", "k"}) + encode({"GET", "k"}) + encode({"GET", "k"}));
  scene.proxy.wait_for_info("clients", "1");
}

}  // namespace slotway::inproc
