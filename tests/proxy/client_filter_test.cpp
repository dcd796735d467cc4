#include "proxy/client/client_filter.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/reply_errors.hpp"
#include "tests/protocol/request_words.hpp"

using namespace slotway;
using namespace slotway::proxy;
namespace errors = protocol::errors;

namespace {

ClientDescription client(std::uint64_t id, std::string address, std::string local = "10.0.0.9:6380",
                         ClientType type = ClientType::normal) {
  ClientDescription client;
  client.id = id;
  client.address = std::move(address);
  client.local_address = std::move(local);
  client.type = type;
  return client;
}

const std::vector<ClientDescription> kClients = {client(1, "10.0.0.1:1000"),
                                                 client(2, "10.0.0.2:1000", "10.0.0.8:6380"),
                                                 client(3, "[::1]:1000", "[::1]:6380", ClientType::pubsub)};

// The ids that match, or the error.
std::string matched(const std::variant<ClientFilter, std::string>& filter) {
  if (const auto* error = std::get_if<std::string>(&filter)) return *error;
  std::string ids;
  for (const ClientDescription& c : kClients) {
    if (std::get<ClientFilter>(filter).matches(c)) ids += (ids.empty() ? "" : " ") + std::to_string(c.id);
  }
  return ids;
}

struct Case {
  std::string_view request;
  std::string_view expected;
};

}  // namespace

TEST_CASE("CLIENT LIST chooses by type and by ids") {
  const Case cases[] = {
      {"CLIENT LIST", "1 2 3"},
      {"CLIENT LIST TYPE normal", "1 2"},
      {"client list type PUBSUB", "3"},
      {"CLIENT LIST TYPE master", ""},
      {"CLIENT LIST TYPE slave", ""},
      {"CLIENT LIST TYPE replica", ""},
      {"CLIENT LIST TYPE x", "ERR Unknown client type 'x'"},
      {"CLIENT LIST TYPE", errors::kSyntax},
      {"CLIENT LIST TYPE normal x", errors::kSyntax},
      {"CLIENT LIST ID 2", "2"},
      {"CLIENT LIST ID 3 1 3", "1 3"},
      {"CLIENT LIST ID 77 -1", ""},
      {"CLIENT LIST ID 2 x", errors::kBadClientId},
      {"CLIENT LIST ID", errors::kSyntax},
      {"CLIENT LIST x 1", errors::kSyntax},
  };
  for (const Case& c : cases) {
    INFO(c.request);
    const protocol::RequestWords words(protocol::split_words(c.request));
    CHECK(matched(parse_client_list(words.view())) == c.expected);
  }
}

TEST_CASE("CLIENT KILL takes clients that every filter fits, and spares the one that asks") {
  const Case cases[] = {
      {"CLIENT KILL 10.0.0.1:1000", "1"},
      {"CLIENT KILL 10.0.0.2:1000", "2"},
      {"CLIENT KILL 10.0.0.2", ""},
      {"CLIENT KILL ADDR 10.0.0.1:1000", "1"},
      {"CLIENT KILL LADDR [::1]:6380", "3"},
      {"CLIENT KILL LADDR 10.0.0.9:6380 ADDR 10.0.0.2:1000", ""},
      {"CLIENT KILL ID 1", "1"},
      {"CLIENT KILL ID 2", ""},
      {"CLIENT KILL ID 2 SKIPME no", "2"},
      {"CLIENT KILL ID 1 ID 3", "3"},
      {"CLIENT KILL SKIPME yes", "1 3"},
      {"CLIENT KILL skipme NO", "1 2 3"},
      {"CLIENT KILL TYPE normal", "1"},
      {"CLIENT KILL TYPE normal SKIPME no", "1 2"},
      {"CLIENT KILL TYPE pubsub", "3"},
      {"CLIENT KILL USER default", "1 3"},
      {"CLIENT KILL USER other", ""},
      {"CLIENT KILL TYPE x", "ERR Unknown client type 'x'"},
      {"CLIENT KILL ID 0", errors::kBadClientIdToKill},
      {"CLIENT KILL ID x", errors::kBadClientIdToKill},
      {"CLIENT KILL SKIPME maybe", errors::kSyntax},
      {"CLIENT KILL MAXAGE 1", errors::kSyntax},
      {"CLIENT KILL ID 1 ADDR", errors::kSyntax},
      {"CLIENT KILL ID x ADDR", errors::kBadClientIdToKill},
  };
  constexpr std::uint64_t kAsking = 2;
  for (const Case& c : cases) {
    INFO(c.request);
    const protocol::RequestWords words(protocol::split_words(c.request));
    CHECK(matched(parse_client_kill(words.view(), kAsking)) == c.expected);
  }
}

TEST_CASE("Only CLIENT KILL with an address alone is answered as of old") {
  const auto is_old = [](std::string_view request) {
    const protocol::RequestWords words(protocol::split_words(request));
    return std::get<ClientFilter>(parse_client_kill(words.view(), 1)).by_address_only;
  };
  CHECK(is_old("CLIENT KILL 10.0.0.1:1000"));
  CHECK_FALSE(is_old("CLIENT KILL ADDR 10.0.0.1:1000"));
}

TEST_CASE("A client's line has the fields of Redis 7.0 in their order") {
  ClientDescription c = client(7, "10.0.0.1:1000");
  c.descriptor = 12;
  c.age = std::chrono::seconds(30);
  c.idle = std::chrono::seconds(4);
  c.query_bytes = 26;
  c.output_bytes = 5;
  c.memory_bytes = 400;
  CHECK(c.line() ==
        "id=7 addr=10.0.0.1:1000 laddr=10.0.0.9:6380 fd=12 name= age=30 idle=4 flags=N db=0 sub=0 psub=0 "
        "ssub=0 multi=-1 qbuf=26 qbuf-free=0 argv-mem=0 multi-mem=0 rbs=0 rbp=0 obl=5 oll=0 omem=5 "
        "tot-mem=400 events=r cmd=NULL user=default redir=-1 resp=2");
  c.name = "worker";
  c.command = "client|list";
  c.type = ClientType::pubsub;
  c.queued = 3;
  c.blocked = c.closing = c.readonly = c.no_evict = c.resp3 = c.waits_to_write = true;
  const std::string line = c.line();
  CHECK(line.find(" name=worker ") != std::string::npos);
  CHECK(line.find(" flags=Pxbcre ") != std::string::npos);
  CHECK(line.ends_with(" resp=3"));
  CHECK(line.find(" multi=3 ") != std::string::npos);
  CHECK(line.find(" events=rw cmd=client|list ") != std::string::npos);
}
