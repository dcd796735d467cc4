#include "proxy/slab.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

using namespace slotway::proxy;

namespace {

// Knows how many of its kind are alive.
struct Counted {
  Counted(int& live_objects, std::string text) : live(live_objects), name(std::move(text)) { ++live; }
  ~Counted() { --live; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

  int& live;
  std::string name;
};

}  // namespace

TEST_CASE("A handle finds its object until that is erased, and never its successor") {
  Slab<std::string> slab;
  const Handle first = slab.emplace("first");
  REQUIRE(slab.find(first));
  CHECK(*slab.find(first) == "first");
  CHECK(slab.at(first) == "first");

  slab.erase(first);
  CHECK(slab.find(first) == nullptr);
  CHECK(slab.size() == 0);

  const Handle second = slab.emplace("second");
  CHECK(second.index == first.index);
  CHECK(second.generation != first.generation);
  CHECK(slab.find(first) == nullptr);
  CHECK(*slab.find(second) == "second");
}

TEST_CASE("A null handle and a handle out of range find nothing") {
  Slab<int> slab;
  CHECK(slab.find(Handle{}) == nullptr);
  CHECK(slab.find(Handle{0, 0}) == nullptr);
  const Handle handle = slab.emplace(7);
  CHECK(slab.find(Handle{}) == nullptr);
  CHECK(slab.find(Handle{handle.index + 1, 0}) == nullptr);
  CHECK(slab.find(Handle{handle.index, handle.generation + 1}) == nullptr);
  CHECK(handle == Handle{handle.index, handle.generation});
  CHECK_FALSE(handle == Handle{handle.index, handle.generation + 1});
}

TEST_CASE("Freed places are reused last-in first-out") {
  Slab<int> slab;
  std::vector<Handle> handles;
  for (int i = 0; i < 5; ++i) handles.push_back(slab.emplace(i));
  slab.erase(handles[1]);
  slab.erase(handles[4]);
  slab.erase(handles[2]);
  CHECK(slab.emplace(10).index == handles[2].index);
  CHECK(slab.emplace(11).index == handles[4].index);
  CHECK(slab.emplace(12).index == handles[1].index);
  CHECK(slab.emplace(13).index == 5);
}

TEST_CASE("Addresses stay as the slab grows") {
  Slab<int> slab;
  std::map<int, std::pair<Handle, int*>> objects;
  for (int i = 0; i < 1000; ++i) {
    const Handle handle = slab.emplace(i);
    objects[i] = {handle, slab.find(handle)};
  }
  for (const auto& [i, object] : objects) {
    REQUIRE(slab.find(object.first) == object.second);
    REQUIRE(*object.second == i);
  }
}

TEST_CASE("for_each meets each object once, and may erase the one it is given") {
  Slab<int> slab;
  std::vector<Handle> handles;
  for (int i = 0; i < 150; ++i) handles.push_back(slab.emplace(i));
  for (int i = 0; i < 150; i += 3) slab.erase(handles[static_cast<std::size_t>(i)]);

  std::vector<int> met;
  slab.for_each([&](Handle handle, int& value) {
    CHECK(slab.find(handle) == &value);
    met.push_back(value);
    if (value % 2 == 0) slab.erase(handle);
  });
  std::vector<int> expected;
  for (int i = 0; i < 150; ++i) {
    if (i % 3 != 0) expected.push_back(i);
  }
  CHECK(met == expected);
  CHECK(slab.size() == 50);

  met.clear();
  slab.for_each([&](Handle, int& value) { met.push_back(value); });
  std::erase_if(expected, [](int i) { return i % 2 == 0; });
  CHECK(met == expected);
}

TEST_CASE("Every object is destroyed exactly once") {
  int live = 0;
  {
    Slab<Counted> slab;
    std::vector<Handle> handles;
    for (int i = 0; i < 100; ++i) handles.push_back(slab.emplace(live, std::to_string(i)));
    CHECK(live == 100);
    for (std::size_t i = 0; i < 100; i += 2) slab.erase(handles[i]);
    CHECK(live == 50);
    slab.emplace(live, "more");
    CHECK(live == 51);
    CHECK(slab.size() == 51);
  }
  CHECK(live == 0);
}

TEST_CASE("Random use agrees with a map") {
  std::mt19937 random(5);
  int live = 0;
  Slab<Counted> slab;
  std::vector<std::pair<Handle, std::string>> present;
  std::vector<Handle> gone;
  for (int step = 0; step < 20'000; ++step) {
    if (present.empty() || random() % 100 < 51) {
      const std::string name = "object " + std::to_string(step);
      present.emplace_back(slab.emplace(live, name), name);
    } else {
      const std::size_t i = random() % present.size();
      slab.erase(present[i].first);
      gone.push_back(present[i].first);
      present.erase(present.begin() + static_cast<std::ptrdiff_t>(i));
    }
    REQUIRE(slab.size() == present.size());
    REQUIRE(live == static_cast<int>(present.size()));
    if (!gone.empty()) REQUIRE(slab.find(gone[random() % gone.size()]) == nullptr);
    if (!present.empty()) {
      const auto& [handle, name] = present[random() % present.size()];
      REQUIRE(slab.find(handle));
      REQUIRE(slab.find(handle)->name == name);
    }
  }
  for (const Handle handle : gone) REQUIRE(slab.find(handle) == nullptr);
}
