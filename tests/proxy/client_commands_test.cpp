// CLIENT and CLUSTER in one session of one worker.
#include "proxy/client/client_commands.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/reply_errors.hpp"
#include "tests/protocol/request_words.hpp"
#include "tests/proxy/local_stage.hpp"

using namespace slotway;
using namespace slotway::proxy;
namespace errors = protocol::errors;

namespace {

// Requests of one packet, separated by " / ".
std::string bytes_of(std::string_view script) {
  std::string bytes;
  while (!script.empty()) {
    const std::size_t end = std::min(script.find(" / "), script.size());
    bytes += protocol::RequestWords(protocol::split_words(script.substr(0, end))).view().bytes();
    script.remove_prefix(std::min(end + 3, script.size()));
  }
  return bytes;
}

std::string error(std::string_view text) { return "-" + std::string(text) + "\r\n"; }

struct Exchange {
  std::string_view script;
  std::string reply;
};

void check_all(LocalStage& stage, const std::vector<Exchange>& exchanges) {
  for (const Exchange& e : exchanges) {
    INFO(e.script);
    CHECK(stage.exchange(bytes_of(e.script)) == e.reply);
  }
}

// The value of a field of CLIENT INFO.
std::string info_field(LocalStage& stage, const std::string& field) {
  const std::string text = stage.exchange(bytes_of("CLIENT INFO"));
  const std::size_t at = text.find(" " + field + "=");
  if (at == std::string::npos) return "none";
  const std::size_t begin = at + field.size() + 2;
  return text.substr(begin, text.find_first_of(" \n", begin) - begin);
}

}  // namespace

TEST_CASE("CLIENT REPLY drops the replies that it says, in their order") {
  LocalStage stage;
  check_all(stage,
            {
                {"CLIENT REPLY ON", "+OK\r\n"},
                {"CLIENT REPLY OFF / PING / NOSUCH / GET / CLIENT REPLY ON / ECHO a", "+OK\r\n$1\r\na\r\n"},
                {"CLIENT REPLY SKIP / ECHO a / ECHO b", "$1\r\nb\r\n"},
                {"CLIENT REPLY SKIP / CLIENT REPLY SKIP / ECHO a / ECHO b", "$1\r\nb\r\n"},
                {"CLIENT REPLY SKIP / NOSUCH / ECHO b", "$1\r\nb\r\n"},
                {"CLIENT REPLY SKIP / CLIENT REPLY ON / ECHO b", "+OK\r\n$1\r\nb\r\n"},
                {"CLIENT REPLY SKIP / CLIENT LIST / ECHO b", "$1\r\nb\r\n"},
                {"CLIENT REPLY OFF / CLIENT REPLY SKIP / ECHO a / ECHO b / CLIENT REPLY ON", "+OK\r\n"},
                {"CLIENT REPLY x", error(errors::kSyntax)},
                {"CLIENT REPLY OFF / PING / RESET / PING", "+RESET\r\n+PONG\r\n"},
                {"CLIENT REPLY SKIP / RESET / PING", "+PONG\r\n"},
            });
}

TEST_CASE("CLIENT INFO and LIST show the session as it is") {
  LocalStage stage;
  CHECK(stage.exchange(bytes_of("CLIENT INFO")).find("\r\nid=7 addr=?:0 laddr=?:0 fd=") != std::string::npos);
  CHECK(info_field(stage, "cmd") == "client|info");
  CHECK(info_field(stage, "flags") == "N");
  CHECK(info_field(stage, "name").empty());
  check_all(stage, {{"CLIENT SETNAME n / CLIENT NO-EVICT on / READONLY", "+OK\r\n+OK\r\n+OK\r\n"}});
  CHECK(info_field(stage, "flags") == "re");
  CHECK(info_field(stage, "name") == "n");
  check_all(stage, {{"RESET / CLIENT NO-EVICT OFF", "+RESET\r\n+OK\r\n"}});
  CHECK(info_field(stage, "flags") == "N");

  const std::string list = stage.exchange(bytes_of("CLIENT LIST"));
  CHECK(list.find("\r\nid=7 ") != std::string::npos);
  CHECK(list.find(" cmd=client|list ") != std::string::npos);
  const std::string twice = stage.exchange(bytes_of("CLIENT LIST ID 7 8 7"));
  CHECK(twice.find("\nid=7 ") != twice.rfind("\nid=7 "));
  check_all(stage, {{"CLIENT LIST ID 8", "$0\r\n\r\n"}, {"CLIENT LIST TYPE pubsub", "$0\r\n\r\n"}});
  CHECK(stage.exchange(bytes_of("NOSUCH / CLIENT LIST ID 7")).find("cmd=client|list") != std::string::npos);
}

TEST_CASE("CLIENT KILL of the session itself is answered first, and what comes behind it is not") {
  LocalStage stage;
  check_all(stage, {{"CLIENT KILL ID 7", ":0\r\n"},
                    {"CLIENT KILL 1.2.3.4:5", error(errors::kNoSuchClient)},
                    {"CLIENT KILL USER other", error("ERR No such user 'other'")}});
  const bool by_id = GENERATE(true, false);
  const std::string kill = by_id ? "CLIENT KILL ID 7 SKIPME no" : "CLIENT KILL ?:0";
  CHECK(stage.exchange(bytes_of("PING / " + kill + " / PING")) ==
        (by_id ? "+PONG\r\n:1\r\n" : "+PONG\r\n+OK\r\n"));
  CHECK(stage.closed());
}

TEST_CASE("CLIENT SETINFO names the library, and CLIENT INFO shows it") {
  LocalStage stage;
  check_all(stage, {
                       {"CLIENT SETINFO lib-name redis-py", "+OK\r\n"},
                       {"CLIENT SETINFO LIB-VER 5.0.1", "+OK\r\n"},
                       {"CLIENT SETINFO lib-name a\tb",
                        error("ERR lib-name cannot contain spaces, newlines or special characters.")},
                       {"CLIENT SETINFO nosuch x", error("ERR Unrecognized option 'nosuch'")},
                       {"CLIENT SETINFO lib-name",
                        error("ERR wrong number of arguments for 'client|setinfo' command")},
                   });
  CHECK(stage.exchange(bytes_of("CLIENT INFO")).find(" resp=2 lib-name=redis-py lib-ver=5.0.1\n") !=
        std::string::npos);
  check_all(stage, {{"RESET", "+RESET\r\n"}});
  CHECK(stage.exchange(bytes_of("CLIENT INFO")).find(" lib-name=redis-py ") != std::string::npos);
}

TEST_CASE("CLIENT NO-TOUCH is known if the nodes know it") {
  LocalStage stage;
  const std::string unknown = error("ERR unknown subcommand 'NO-TOUCH'. Try CLIENT HELP.");
  check_all(stage, {{"CLIENT NO-TOUCH ON", unknown}});
  for (const char* version : {"7.0.15", "6.2.14", "unreadable", "7"}) {
    stage.set_server_version(version);
    check_all(stage, {{"CLIENT NO-TOUCH ON", unknown}, {"CLIENT NO-TOUCH OFF", unknown}});
  }
  for (const char* version : {"7.2.4", "7.10.0", "8.0.1"}) {
    stage.set_server_version(version);
    const auto is_marked = [&] {
      return stage.exchange(bytes_of("CLIENT INFO")).find(" flags=T ") != std::string::npos;
    };
    check_all(stage, {{"CLIENT NO-TOUCH on", "+OK\r\n"}});
    CHECK(is_marked());
    check_all(stage,
              {{"CLIENT NO-TOUCH perhaps", error(errors::kSyntax)}, {"CLIENT NO-TOUCH OFF", "+OK\r\n"}});
    CHECK_FALSE(is_marked());
    check_all(stage, {{"CLIENT NO-TOUCH ON / RESET", "+OK\r\n+RESET\r\n"}});
    CHECK_FALSE(is_marked());
  }
}

TEST_CASE("Who does not track is told so") {
  LocalStage stage;
  check_all(stage,
            {
                {"CLIENT GETREDIR", ":-1\r\n"},
                {"CLIENT TRACKING OFF", "+OK\r\n"},
                {"CLIENT TRACKING ON NOSUCH", error(errors::kSyntax)},
                {"CLIENT CACHING YES", error(errors::kCachingWithoutTracking)},
                {"CLIENT TRACKINGINFO",
                 "*6\r\n$5\r\nflags\r\n*1\r\n$3\r\noff\r\n$8\r\nredirect\r\n:-1\r\n$8\r\nprefixes\r\n*0\r\n"},
            });
}

TEST_CASE("While clients are paused requests wait, the writing ones only if so asked") {
  LocalStage stage;
  const std::string_view refused = "-CROSSSLOT Keys in request don't hash to the same slot\r\n";
  SECTION("all") {
    CHECK(stage.exchange(bytes_of("CLIENT PAUSE 100000 / PING / ECHO a")) == "+OK\r\n");
    stage.end_pause();
    CHECK(stage.exchange("") == "+PONG\r\n$1\r\na\r\n");
  }
  SECTION("write") {
    // MULTI does not write; SPUBLISH may.
    CHECK(stage.exchange(bytes_of("CLIENT PAUSE 100000 WRITE / PING / MULTI / SPUBLISH a b / PING")) ==
          "+OK\r\n+PONG\r\n+OK\r\n");
    CHECK(stage.exchange(bytes_of("ECHO a")).empty());
    stage.end_pause();
    CHECK(stage.exchange("DISCARD\r\n") == "+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n+OK\r\n");
  }
  SECTION("a script that says that it does not write joins a transaction that is not held back") {
    CHECK(stage.exchange(bytes_of("CLIENT PAUSE 100000 WRITE")) == "+OK\r\n");
    const std::string script = "#!lua flags=no-writes\nreturn 1";
    const std::string eval =
        "*3\r\n$4\r\nEVAL\r\n$" + std::to_string(script.size()) + "\r\n" + script + "\r\n$1\r\n0\r\n";
    CHECK(stage.exchange("MULTI\r\n" + eval) == "+OK\r\n+QUEUED\r\n");
    CHECK(stage.exchange("MULTI\r\nEVAL x 0\r\n").find("QUEUED") == std::string::npos);
    stage.end_pause();
    CHECK(stage.exchange("DISCARD\r\n").ends_with("+OK\r\n"));
  }
  SECTION("what is refused is refused at once") {
    CHECK(stage.exchange(bytes_of("CLIENT PAUSE 100000 / NOSUCH / RENAME a b / GET")) ==
          "+OK\r\n-ERR unknown command 'NOSUCH', with args beginning with: \r\n" + std::string(refused) +
              "-ERR wrong number of arguments for 'get' command\r\n");
    stage.end_pause();
  }
  SECTION("a pause that is over holds nothing") {
    CHECK(stage.exchange(bytes_of("CLIENT PAUSE 0 / PING")) == "+OK\r\n+PONG\r\n");
  }
  SECTION("UNPAUSE by the one that paused") {
    CHECK(stage.exchange(bytes_of("CLIENT PAUSE 100000 WRITE / CLIENT UNPAUSE / RENAME a b")) ==
          "+OK\r\n+OK\r\n" + std::string(refused));
  }
  CHECK(stage.exchange(bytes_of("PING")) == "+PONG\r\n");
}

TEST_CASE("A second pause makes the first neither shorter nor milder") {
  const TimePoint now = Clock::now();
  const auto in = [now](int s) { return now + std::chrono::seconds(s); };
  using Mode = ClientPause::Mode;
  ClientPause pause;
  pause.extend({Mode::all, in(10)}, now);
  CHECK((pause.mode == Mode::all && pause.until == in(10)));
  pause.extend({Mode::write, in(20)}, now);
  CHECK((pause.mode == Mode::all && pause.until == in(20)));
  pause.extend({Mode::write, in(5)}, now);
  CHECK((pause.mode == Mode::all && pause.until == in(20)));
  pause.extend({Mode::write, in(40)}, in(30));
  CHECK((pause.mode == Mode::write && pause.until == in(40)));
}

TEST_CASE("CLUSTER names the announced address, or the nodes") {
  config::Config config;
  config.client.announce = config::HostPort{"slotway.example", 1234};
  const std::string id = node_id_of(*config.client.announce);
  {
    LocalStage stage(config);
    check_all(
        stage,
        {
            {"CLUSTER MYID", "$40\r\n" + id + "\r\n"},
            {"cluster slots", "*1\r\n*3\r\n:0\r\n:16383\r\n*4\r\n$15\r\nslotway.example\r\n:1234\r\n$40\r\n" +
                                  id + "\r\n*0\r\n"},
            {"CLUSTER KEYSLOT foo", ":12182\r\n"},
            {"CLUSTER KEYSLOT {foo}bar", ":12182\r\n"},
            {"CLUSTER RESET", "-ERR command 'cluster|reset' is not supported by Slotway\r\n"},
            {"CLUSTER FAILOVER", "-ERR command 'cluster|failover' is not supported by Slotway\r\n"},
        });
    CHECK(stage.exchange(bytes_of("CLUSTER NODES")).find(id + " slotway.example:1234@0") !=
          std::string::npos);
    CHECK(stage.exchange(bytes_of("CLUSTER SHARDS")).find("$15\r\nslotway.example\r\n") != std::string::npos);
    CHECK(stage.exchange(bytes_of("CLUSTER INFO")).find("cluster_known_nodes:1\r\n") != std::string::npos);
  }
  config.client.cluster_view = config::ClusterViewMode::nodes;
  LocalStage stage(config);
  check_all(stage, {
                       {"CLUSTER SLOTS", "*0\r\n"},
                       {"CLUSTER MYID", error(errors::kNoMap)},
                   });
}

TEST_CASE("In RESP3 maps, sets and texts are what they are") {
  config::Config config;
  config.client.announce = config::HostPort{"10.0.0.1", 1234};
  LocalStage stage(config);
  stage.exchange(bytes_of("HELLO 3"));
  check_all(stage,
            {
                {"CLIENT GETNAME", "_\r\n"},
                {"ACL GETUSER nosuch", "_\r\n"},
                {"CLIENT TRACKINGINFO",
                 "%3\r\n$5\r\nflags\r\n~1\r\n$3\r\noff\r\n$8\r\nredirect\r\n:-1\r\n$8\r\nprefixes\r\n*0\r\n"},
            });
  const auto starts = [&](std::string_view script, const std::string& text) {
    INFO(script);
    CHECK(stage.exchange(bytes_of(script)).starts_with(text));
  };
  starts("CLUSTER SHARDS", "*1\r\n%2\r\n$5\r\nslots\r\n*2\r\n:0\r\n:16383\r\n$5\r\nnodes\r\n*1\r\n%7\r\n");
  starts("ACL GETUSER default", "%6\r\n$5\r\nflags\r\n~2\r\n$2\r\non\r\n");
  CHECK(stage.exchange(bytes_of("CLUSTER SLOTS")).ends_with("\r\n%0\r\n"));
  for (const char* text : {"CLUSTER INFO", "CLUSTER NODES", "CLIENT INFO", "CLIENT LIST"}) {
    const std::string reply = stage.exchange(bytes_of(text));
    INFO(reply);
    CHECK(reply.starts_with("="));
    CHECK(reply.find("\r\ntxt:") != std::string::npos);
  }
  CHECK(info_field(stage, "resp") == "3");
}

TEST_CASE("ACL describes the one user and tells nothing of its password") {
  config::Config config;
  config.client.requirepass = "secret";
  LocalStage stage(config);
  check_all(stage, {
                       {"ACL WHOAMI", error(errors::kNoAuth)},
                       {"AUTH secret / ACL WHOAMI", "+OK\r\n$7\r\ndefault\r\n"},
                       {"ACL USERS", "*1\r\n$7\r\ndefault\r\n"},
                       {"ACL LIST", "*1\r\n$27\r\nuser default on ~* &* +@all\r\n"},
                       {"ACL GETUSER nosuch", "$-1\r\n"},
                   });
  CHECK(stage.exchange(bytes_of("ACL GETUSER default"))
            .starts_with("*12\r\n$5\r\nflags\r\n*1\r\n$2\r\non\r\n$9\r\npasswords\r\n*0\r\n"));
}
