// What clients of a unix socket are told of the address that they did not come by.
#include "tests/inproc/scene.hpp"
#include "tests/kit/temp_folder.hpp"

namespace slotway::inproc {

TEST_CASE("CLUSTER SLOTS names a TCP address to clients of a unix socket") {
  const kit::TempFolder folder;
  const std::string path = folder.path() / "s";
  const auto slots = [](const std::string& host, std::uint16_t port) {
    return "[[:0, :16383, [\"" + host + "\", :" + std::to_string(port) + ", ";
  };
  SECTION("the one that it listens on, with the port that the kernel chose") {
    Scene scene(1, [&](config::Config& config) {
      config.client.listen.insert(config.client.listen.begin(), {{}, path});
    });
    TestClient client = TestClient::on_socket(path);
    CHECK(client.text({"CLUSTER", "SLOTS"}).starts_with(slots("127.0.0.1", scene.proxy.port())));
    CHECK(client.command({"INFO", "server"})
              .text.find("\r\ntcp_port:" + std::to_string(scene.proxy.port()) + "\r\n") != std::string::npos);
  }
  SECTION("loopback, if that is every address") {
    Scene scene(1, [&](config::Config& config) {
      config.client.listen = {{{"0.0.0.0", 0}, {}}, {{}, path}};
    });
    CHECK(TestClient::on_socket(path)
              .text({"CLUSTER", "SLOTS"})
              .starts_with(slots("127.0.0.1", scene.proxy.port())));
  }
  SECTION("the one that is announced") {
    Scene scene(1, [&](config::Config& config) {
      config.client.listen.push_back({{}, path});
      config.client.announce = {"10.0.0.1", 7};
    });
    CHECK(TestClient::on_socket(path).text({"CLUSTER", "SLOTS"}).starts_with(slots("10.0.0.1", 7)));
  }
}

TEST_CASE("a client that closes its unix socket behind its requests has them executed, and blocks no more") {
  const kit::TempFolder folder;
  const std::string path = folder.path() / "s";
  Scene scene(1, [&](config::Config& config) { config.client.listen.push_back({{}, path}); });
  TestClient brief = TestClient::on_socket(path);
  brief.send_raw(encode({"SET", "k", "1"}) + encode({"INCR", "k"}));
  brief.close();
  serve(scene.node(0), "SET k 1", "+OK\r\n");
  serve(scene.node(0), "INCR k", ":2\r\n");
  scene.proxy.wait_for_info("clients", "2");  // `other`, and who asks

  TestClient blocks = TestClient::on_socket(path);
  blocks.send({"BLPOP", "l", "0"});
  scene.node(0).take();
  scene.proxy.wait_for_info("clients_blocked", "1");
  blocks.close();
  scene.proxy.wait_for_info("clients_blocked", "0");
  scene.proxy.wait_for_info("clients", "2");
}

}  // namespace slotway::inproc
