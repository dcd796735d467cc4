// Commands that change the state of a connection: on one that clients share they would change everybody's.
#include "tests/inproc/scene.hpp"

namespace slotway::inproc {

TEST_CASE("nothing that changes a connection's state is said on one that is shared") {
  Scene scene(1);
  const std::string a = scene.cluster.key(0);
  FakeRedis& node = scene.node(0);
  std::uint64_t shared = 0;
  node.set_handler([&](const FakeRedis::Request& request) {
    if (request.args[0] == "GET") shared = request.connection;
    return FakeRedis::Reaction{request.args[0] == "GET" ? bulk("end") : "+OK\r\n"};
  });
  TestClient client = scene.client();
  std::string bytes;
  for (const Args& command : std::vector<Args>{{"SELECT", "0"},
                                               {"SELECT", "1"},
                                               {"READONLY"},
                                               {"READWRITE"},
                                               {"ASKING"},
                                               {"AUTH", "x"},
                                               {"AUTH", "default", "x"},
                                               {"HELLO"},
                                               {"HELLO", "2", "SETNAME", "n"},
                                               {"CLIENT", "SETNAME", "n"},
                                               {"CLIENT", "SETINFO", "lib-name", "x"},
                                               {"CLIENT", "NO-EVICT", "ON"},
                                               {"CLIENT", "NO-TOUCH", "ON"},
                                               {"CLIENT", "CACHING", "YES"},
                                               {"CLIENT", "TRACKING", "OFF"},
                                               {"CLIENT", "REPLY", "SKIP"},
                                               {"PING"},
                                               {"CLIENT", "REPLY", "OFF"},
                                               {"PING"},
                                               {"CLIENT", "REPLY", "ON"},
                                               {"WATCH", a},
                                               {"UNWATCH"},
                                               {"MULTI"},
                                               {"DISCARD"},
                                               {"UNSUBSCRIBE"},
                                               {"SYNC"},
                                               {"PSYNC", "?", "-1"},
                                               {"REPLCONF", "capa", "eof"},
                                               {"MONITOR"},
                                               {"RESET"},
                                               {"GET", a}}) {
    bytes += encode(command);
  }
  client.send_raw(bytes);
  while (kit::to_text(client.read()) != "\"end\"") {
  }
  CHECK(node.bytes_of(shared) == encode({"GET", a}));

  // Nor does a state that a client has reach another one's requests.
  TestClient other = scene.client();
  CHECK(client.text({"MULTI"}) == "+OK");
  CHECK(other.text({"GET", a}) == "\"end\"");
  CHECK(client.text({"DISCARD"}) == "+OK");
  CHECK(node.bytes_of(shared) == encode({"GET", a}) + encode({"GET", a}));
}

}  // namespace slotway::inproc
