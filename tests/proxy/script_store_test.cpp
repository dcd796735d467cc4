// Which scripts are kept for nodes that lack them, and for how long.
#include "proxy/dispatch/script_store.hpp"

#include <catch2/catch.hpp>
#include <memory>
#include <string>

using slotway::proxy::ScriptStore;

namespace {

void add(ScriptStore& store, const std::string& body) {
  store.add(std::make_shared<const std::string>(body));
}

// The bodies above `number`.
std::string above(const ScriptStore& store, std::uint64_t number) {
  std::string out;
  store.for_each_above(number, [&](std::string_view body) { out += std::string(body) + " "; });
  return out;
}

}  // namespace

TEST_CASE("scripts are kept once each, in the order in which they came") {
  ScriptStore store(100);
  CHECK(store.newest() == 0);
  CHECK(above(store, 0) == "");
  for (const char* const body : {"a", "b", "a", "c", "b"}) add(store, body);
  CHECK(store.newest() == 3);
  CHECK(above(store, 0) == "a b c ");
  CHECK(above(store, 1) == "b c ");
  CHECK(above(store, 3) == "");
  CHECK(store.held_bytes() == 3);
}

TEST_CASE("the oldest scripts make room for new ones, and one that is too large is left out") {
  ScriptStore store(10);
  for (const char* const body : {"aaaa", "bbbb", "cc", "eleven byte", "dd"}) add(store, body);
  CHECK(above(store, 0) == "bbbb cc dd ");
  CHECK(store.held_bytes() == 8);
  add(store, "aaaa");
  CHECK(above(store, 0) == "cc dd aaaa ");
  add(store, "ten bytes!");
  CHECK(above(store, 0) == "ten bytes! ");
  CHECK(store.held_bytes() == 10);
  ScriptStore none(0);
  add(none, "a");
  CHECK(none.newest() == 0);
}

TEST_CASE("after a flush nothing is kept, and numbers go on") {
  ScriptStore store(100);
  add(store, "a");
  add(store, "b");
  store.clear();
  CHECK(store.newest() == 0);
  CHECK(store.held_bytes() == 0);
  add(store, "a");
  CHECK(store.newest() == 3);
  CHECK(above(store, 2) == "a ");
}

TEST_CASE("a lower limit lets the oldest scripts go at once, a higher one makes room") {
  ScriptStore store(10);
  for (const char* const body : {"aaaa", "bbbb"}) add(store, body);
  store.set_max_bytes(5);
  CHECK(above(store, 0) == "bbbb ");
  store.set_max_bytes(12);
  for (const char* const body : {"cccc", "dddd"}) add(store, body);
  CHECK(above(store, 0) == "bbbb cccc dddd ");
  store.set_max_bytes(0);
  CHECK(above(store, 0) == "");
  CHECK(store.newest() == 0);
}
