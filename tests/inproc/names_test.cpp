// Nodes that are known by name, as seeds or in the map: where a name leads is asked anew for each connection.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/inproc/scene.hpp"
#include "tests/kit/fake_names.hpp"
#include "tests/kit/wait_until.hpp"

namespace slotway::inproc {
namespace {

// Takes connections and says nothing, as a node that is frozen.
class SilentNode {
 public:
  SilentNode(const char* host, std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    REQUIRE(::inet_pton(AF_INET, host, &address.sin_addr) == 1);
    REQUIRE(::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::listen(fd_, 64) == 0);
  }
  ~SilentNode() { ::close(fd_); }
  SilentNode(const SilentNode&) = delete;
  SilentNode& operator=(const SilentNode&) = delete;

 private:
  int fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
};

}  // namespace

TEST_CASE("when all nodes have got new addresses, the name of a seed leads to them") {
  kit::FakeNames names;
  names.set("seed.test", {"127.0.0.1"});
  kit::FakeCluster cluster(2);
  config::Config config = kit::inproc_config(cluster);
  config.upstream.seeds = {{"seed.test", cluster[0].port()}};
  kit::InProcessProxy proxy(config);
  const std::string a = cluster.key(0);
  const std::string b = cluster.key(1);
  for (std::size_t i = 0; i < 2; ++i) cluster[i].set_handler(always(bulk("old")));
  TestClient client = proxy.client();
  CHECK(client.text({"GET", a}) == "\"old\"");
  CHECK(client.text({"GET", b}) == "\"old\"");

  // Nobody answers where the name leads: it is asked again at each attempt, and the map is kept.
  for (std::size_t i = 0; i < 2; ++i) cluster[i].go_down();
  client.send_raw(encode({"GET", a}) + encode({"GET", b}));
  const std::size_t before = names.lookups("seed.test");
  kit::wait_until("look-ups", kit::kPatience, [&] { return names.lookups("seed.test") >= before + 3; });
  CHECK(proxy.info("slots_covered") == "16384");
  CHECK_FALSE(has_input(client));

  names.set("seed.test", {"127.0.1.1"});
  for (std::size_t i = 0; i < 2; ++i) {
    cluster[i].set_handler(always(bulk("new")));
    cluster.move(i, "127.0.1.1");
  }
  CHECK(kit::to_text(client.read()) == "\"new\"");
  CHECK(kit::to_text(client.read()) == "\"new\"");
  // They are the nodes that they were.
  CHECK(proxy.info("nodes") == "2");
}

TEST_CASE("of the addresses of a seed's name the first that takes a connection is asked") {
  kit::FakeNames names;
  kit::FakeCluster cluster(1);
  config::Config config = kit::inproc_config(cluster);
  config.upstream.seeds = {{"seed.test", cluster[0].port()}};
  SECTION("nobody is at the first") { names.set("seed.test", {"127.0.1.1", "127.0.1.2", "127.0.0.1"}); }
  SECTION("the name has no address at first") { names.set("seed.test", {}); }
  kit::InProcessProxy proxy(config, false);
  kit::wait_until("look-ups", kit::kPatience, [&] { return names.lookups("seed.test") > 0; });
  if (proxy.info("slots_covered") == "0") names.set("seed.test", {"127.0.0.1"});
  proxy.wait_for_info("slots_covered", "16384");
}

TEST_CASE("a node that takes connections and says nothing does not hide the others of its name") {
  kit::FakeNames names;
  kit::FakeCluster cluster(1);
  const SilentNode silent("127.0.1.1", cluster[0].port());
  names.set("seed.test", {"127.0.1.1", "127.0.0.1"});
  config::Config config = kit::inproc_config(cluster);
  config.upstream.seeds = {{"seed.test", cluster[0].port()}};
  config.timeouts.connect = 200ms;
  kit::InProcessProxy proxy(config, false);
  proxy.wait_for_info("slots_covered", "16384");
}

TEST_CASE("a node that the map calls by a name is looked up for each connection") {
  kit::FakeNames names;
  names.set("node.test", {"127.0.0.1"});
  kit::FakeCluster cluster(1);
  cluster.name(0, "node.test");
  config::Config config = kit::inproc_config(cluster);
  never_refresh(config);
  kit::InProcessProxy proxy(config);
  cluster[0].set_handler(always(bulk("old")));
  TestClient client = proxy.client();
  CHECK(client.text({"GET", "k"}) == "\"old\"");
  const std::size_t before = names.lookups("node.test");
  CHECK(before > 0);

  cluster[0].set_handler(always(bulk("new")));
  SECTION("it leads elsewhere") {
    names.set("node.test", {"127.0.1.1"});
    cluster.move(0, "127.0.1.1");
  }
  SECTION("it leads to several, of which one takes the connection") {
    names.set("node.test", {"127.0.1.1", "127.0.1.2"});
    cluster.move(0, "127.0.1.2");
  }
  SECTION("it leads nowhere for a while") {
    names.set("node.test", {});
    cluster.move(0, "127.0.1.1");
    client.send({"GET", "k"});
    kit::wait_until("look-ups", kit::kPatience, [&] { return names.lookups("node.test") >= before + 3; });
    CHECK_FALSE(has_input(client));
    names.set("node.test", {"127.0.1.1"});
    CHECK(kit::to_text(client.read()) == "\"new\"");
  }
  CHECK(client.text({"GET", "k"}) == "\"new\"");
}

TEST_CASE("subscriptions follow a name to the node's new address") {
  kit::FakeNames names;
  names.set("node.test", {"127.0.0.1"});
  kit::FakeCluster cluster(1);
  cluster.name(0, "node.test");
  kit::InProcessProxy proxy(kit::inproc_config(cluster));
  const std::string acknowledged = "*3\r\n" + bulk("subscribe") + bulk("news") + ":1\r\n";
  const std::string message = "*3\r\n" + bulk("message") + bulk("news") + bulk("1");
  TestClient client = proxy.client();
  client.send({"SUBSCRIBE", "news"});
  serve(cluster[0], "subscribe news", acknowledged);
  CHECK(client.read_raw(acknowledged.size()) == acknowledged);

  names.set("node.test", {"127.0.1.1", "127.0.1.2"});
  cluster.move(0, "127.0.1.2");
  const auto link = serve(cluster[0], "subscribe news", acknowledged);
  cluster[0].send(link, message);
  CHECK(client.read_raw(message.size()) == message);
}

}  // namespace slotway::inproc
