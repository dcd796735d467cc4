#include "proxy/client/sentinel_view.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "protocol/reply_scanner.hpp"
#include "protocol/reply_tree.hpp"
#include "tests/protocol/request_words.hpp"

using namespace slotway;
using namespace slotway::proxy;

namespace {

const SentinelView kView{"mymaster", {"10.0.0.1", 6380}, "run-1"};

std::string reply_to(const std::string& line, const SentinelView& view = kView) {
  const protocol::RequestWords request(protocol::split_words(line));
  std::string out;
  write_sentinel_reply(request.view(), view, out);
  return out;
}

protocol::ReplyTree tree_of(const std::string& line, const SentinelView& view = kView) {
  protocol::ReplyReader reader;
  reader.feed(reply_to(line, view));
  auto tree = reader.next();
  REQUIRE(tree);
  return *tree;
}

std::string field(const protocol::ReplyTree& map, const std::string& name) {
  const auto* value = protocol::find_field(map, name);
  return value ? value->text : "(none)";
}

}  // namespace

TEST_CASE("Slotway is the primary of the one master, and its replica") {
  CHECK(reply_to("SENTINEL get-master-addr-by-name mymaster") == "*2\r\n$8\r\n10.0.0.1\r\n$4\r\n6380\r\n");
  CHECK(reply_to("sentinel GET-MASTER-ADDR-BY-NAME other") == "*-1\r\n");
  CHECK(reply_to("SENTINEL SENTINELS mymaster") == "*0\r\n");
  CHECK(reply_to("SENTINEL MYID") == "$5\r\nrun-1\r\n");
  const auto master = tree_of("SENTINEL MASTER mymaster");
  CHECK(field(master, "name") == "mymaster");
  CHECK(field(master, "ip") == "10.0.0.1");
  CHECK(field(master, "port") == "6380");
  CHECK(field(master, "flags") == "master");
  CHECK(field(master, "num-other-sentinels") == "0");
  const auto masters = tree_of("SENTINEL MASTERS");
  REQUIRE(masters.elements.size() == 1);
  CHECK(field(masters.elements[0], "name") == "mymaster");
  for (const char* name : {"SENTINEL REPLICAS mymaster", "SENTINEL SLAVES mymaster"}) {
    const auto replicas = tree_of(name);
    REQUIRE(replicas.elements.size() == 1);
    CHECK(field(replicas.elements[0], "ip") == "10.0.0.1");
    CHECK(field(replicas.elements[0], "flags") == "slave");
    CHECK(field(replicas.elements[0], "master-link-status") == "ok");
  }
}

TEST_CASE("Without a map it is down") {
  SentinelView view = kView;
  view.is_up = false;
  CHECK(field(tree_of("SENTINEL MASTER mymaster", view), "flags") == "s_down,master");
}

TEST_CASE("What no sentinel knows is refused as by one") {
  CHECK(reply_to("SENTINEL MASTER other") == "-ERR No such master with that name\r\n");
  CHECK(reply_to("SENTINEL REPLICAS other") == "-ERR No such master with that name\r\n");
  CHECK(reply_to("SENTINEL FAILOVER mymaster") ==
        "-ERR unknown subcommand 'FAILOVER'. Try SENTINEL HELP.\r\n");
  CHECK(reply_to("SENTINEL MASTER") == "-ERR unknown subcommand 'MASTER'. Try SENTINEL HELP.\r\n");
  CHECK(reply_to("SENTINEL") == "-ERR wrong number of arguments for 'sentinel' command\r\n");
}

TEST_CASE("Every reply is whole in both protocols") {
  for (const bool resp3 : {false, true}) {
    SentinelView view = kView;
    view.resp3 = resp3;
    for (const char* line : {"SENTINEL MASTERS", "SENTINEL MASTER mymaster", "SENTINEL REPLICAS mymaster",
                             "SENTINEL CKQUORUM mymaster", "SENTINEL GET-MASTER-ADDR-BY-NAME x"}) {
      const std::string reply = reply_to(line, view);
      protocol::ReplyScanner scanner;
      INFO(line);
      CHECK(scanner.scan(reply) == protocol::ScanStatus::reply);
      CHECK(scanner.size() == reply.size());
    }
  }
}
