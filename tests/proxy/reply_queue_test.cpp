#include "proxy/client/reply_queue.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <deque>
#include <random>
#include <string>
#include <vector>

#include "protocol/block_pool.hpp"
#include "tests/protocol/byte_queue_text.hpp"

using namespace slotway;
using namespace slotway::proxy;
using protocol::Family;

namespace {

constexpr Handle kSession{1, 0};

struct Stage {
  config::Config config;
  Loop loop{config};
  ReplySlots slots;
  ReplyQueue queue{loop, slots};
  protocol::ByteQueue out;

  ~Stage() { out.clear(loop.blocks); }

  Handle open(std::uint32_t request_bytes = 0) { return queue.open(kSession, Family::string, request_bytes); }
  bool fill(Handle handle, ReplyBytes reply) { return queue.fill(handle, slots.at(handle), reply, out); }
  bool fill(Handle handle, std::string_view reply) { return fill(handle, ReplyBytes{reply}); }
  std::string take_out() { return take_text(loop.blocks, out); }
};

// A buffer with one reply in a block of its own, as a long reply stands there.
void read_reply(Loop& loop, protocol::ReadBuffer& buffer, std::string_view reply) {
  const std::span<char> first = buffer.writable(loop.blocks, loop.scratch(), 0);
  first[0] = reply[0];
  buffer.commit(1);
  buffer.keep_rest(loop.blocks);
  for (std::size_t done = 1; done < reply.size();) {
    const std::span<char> room = buffer.writable(loop.blocks, loop.scratch(), reply.size() - done);
    const std::size_t n = std::min(room.size(), reply.size() - done);
    reply.substr(done, n).copy(room.data(), n);
    buffer.commit(n);
    done += n;
  }
}

std::unique_ptr<routing::Merger> sum_of_two() {
  routing::FragmentLayout layout;
  layout.fragments = {{0, 0, 0, 0, 1}, {1, 0, 1, 1, 1}};
  layout.next = {routing::kNoPosition, routing::kNoPosition};
  auto merger = std::make_unique<routing::Merger>();
  merger->reset(protocol::Merge::sum, layout, true);
  merger->add(0, ":1\r\n");
  merger->add(1, ":2\r\n");
  return merger;
}

}  // namespace

TEST_CASE("A reply to the oldest request is output at once") {
  Stage stage;
  const Handle slot = stage.open(100);
  CHECK(stage.queue.size() == 1);
  CHECK(stage.queue.pending_bytes() == 100);
  CHECK(stage.slots.at(slot).session == kSession);
  CHECK(stage.fill(slot, "+OK\r\n"));
  CHECK(stage.take_out() == "+OK\r\n");
  CHECK(stage.queue.size() == 0);
  CHECK(stage.queue.pending_bytes() == 0);
  CHECK(stage.slots.size() == 0);
}

TEST_CASE("A reply waits until all before it have come") {
  const std::string replies[] = {"+a\r\n", "$-1\r\n", ":3\r\n", std::string(ReplySlot::kInlineBytes, 'x'),
                                 std::string(ReplySlot::kInlineBytes + 1, 'y')};
  std::string in_order;
  for (const std::string& reply : replies) in_order += reply;
  std::vector<std::size_t> arrival = {0, 1, 2, 3, 4};
  do {
    Stage stage;
    std::vector<Handle> slots;
    for (std::size_t i = 0; i < 5; ++i) slots.push_back(stage.open(10));
    std::string output;
    std::vector<bool> filled(5);
    for (const std::size_t i : arrival) {
      const bool grows = std::all_of(filled.begin(), filled.begin() + static_cast<std::ptrdiff_t>(i),
                                     [](bool f) { return f; });
      REQUIRE(stage.fill(slots[i], replies[i]) == grows);
      filled[i] = true;
      output += stage.take_out();
      REQUIRE(in_order.starts_with(output));
    }
    REQUIRE(output == in_order);
    REQUIRE(stage.queue.pending_bytes() == 0);
    REQUIRE(bytes_in_use(stage.loop.blocks) == 0);
  } while (std::next_permutation(arrival.begin(), arrival.end()));
}

TEST_CASE("Pending bytes are those of unanswered requests and of replies that wait") {
  Stage stage;
  const Handle a = stage.open(1'000);
  const Handle b = stage.open(20);
  const Handle c = stage.open(3);
  CHECK(stage.queue.pending_bytes() == 1'023);
  stage.fill(b, std::string(46, 'b'));
  CHECK(stage.queue.pending_bytes() == 1'069);
  stage.fill(c, std::string(5'000, 'c'));
  CHECK(stage.queue.pending_bytes() == 6'069);
  stage.fill(a, "+a\r\n");
  CHECK(stage.queue.pending_bytes() == 0);
}

TEST_CASE("A short reply that waits needs no block") {
  Stage stage;
  stage.open();
  const Handle second = stage.open();
  const Handle third = stage.open();
  stage.fill(second, std::string(ReplySlot::kInlineBytes, 'x'));
  CHECK(bytes_in_use(stage.loop.blocks) == 0);
  stage.fill(third, std::string(ReplySlot::kInlineBytes + 1, 'x'));
  CHECK(bytes_in_use(stage.loop.blocks) > 0);
  stage.queue.clear();
}

TEST_CASE("A long reply changes hands with its block, whether or not it has to wait") {
  for (const bool waits : {false, true}) {
    Stage stage;
    const std::string reply = patterned(100'000, 1);
    protocol::ReadBuffer source;
    read_reply(stage.loop, source, reply);
    REQUIRE(source.bytes() == reply);
    const char* place = source.bytes().data();
    const std::size_t in_use = bytes_in_use(stage.loop.blocks);

    const Handle first = stage.open();
    const Handle second = waits ? stage.open() : Handle{};
    CHECK(stage.fill(waits ? second : first, ReplyBytes{source.bytes(), &source}) == !waits);
    CHECK(source.bytes().empty());
    CHECK(bytes_in_use(stage.loop.blocks) == in_use);
    if (waits) {
      CHECK(stage.queue.pending_bytes() == reply.size());
      CHECK(stage.fill(first, "+first\r\n"));
    }
    std::array<iovec, 4> vectors;
    const int count = stage.out.gather(vectors.data(), 4);
    REQUIRE(count == (waits ? 2 : 1));
    CHECK(vectors[static_cast<std::size_t>(count - 1)].iov_base == place);
    CHECK(stage.take_out() == (waits ? "+first\r\n" : "") + reply);
    CHECK(bytes_in_use(stage.loop.blocks) == 0);
  }
}

TEST_CASE("A block with more than the reply in it is copied from, and stays where it is") {
  Stage stage;
  protocol::ReadBuffer source;
  const std::string reply = patterned(50'000, 1);
  read_reply(stage.loop, source, reply + "+next\r\n");
  const Handle slot = stage.open();
  CHECK(stage.fill(slot, ReplyBytes{source.bytes().substr(0, reply.size()), &source}));
  CHECK(source.bytes() == reply + "+next\r\n");
  CHECK(stage.take_out() == reply);
  source.clear(stage.loop.blocks);
}

TEST_CASE("A merged reply takes its turn like any other, and its merger is handed back") {
  for (const bool waits : {false, true}) {
    Stage stage;
    const Handle first = waits ? stage.open(7) : Handle{};
    const Handle split = stage.open(30);
    const Handle last = stage.open(5);
    CHECK_FALSE(stage.fill(last, "+last\r\n"));
    stage.slots.at(split).rest().merger = sum_of_two();
    std::unique_ptr<routing::Merger> merger;
    CHECK(stage.queue.fill_merged(split, stage.slots.at(split), stage.out, merger) == !waits);
    CHECK(merger);
    if (waits) {
      CHECK(stage.queue.pending_bytes() == 7 + 30 + 5 + 4 + 7);
      CHECK(stage.take_out().empty());
      CHECK(stage.fill(first, "+first\r\n"));
    }
    CHECK(stage.take_out() == std::string(waits ? "+first\r\n" : "") + ":3\r\n+last\r\n");
    CHECK(stage.queue.size() == 0);
    CHECK(stage.queue.pending_bytes() == 0);
    CHECK(stage.slots.size() == 0);
    CHECK(bytes_in_use(stage.loop.blocks) == 0);
  }
}

TEST_CASE("A slot and its generation are two lines of cache") {
  CHECK(sizeof(Handle::generation) + sizeof(Handle::index) + sizeof(ReplySlot) == 128);
  ReplySlots slots;
  for (int i = 0; i < 3; ++i) {
    const auto place = reinterpret_cast<std::uintptr_t>(&slots.at(slots.emplace()));
    CHECK(place % 64 == 8);
  }
}

TEST_CASE("A queue that is cleared has no slots, and their handles find nothing") {
  Stage stage;
  std::vector<Handle> slots;
  for (int i = 0; i < 10; ++i) slots.push_back(stage.open(10));
  stage.fill(slots[3], std::string(10'000, 'x'));
  stage.fill(slots[4], "+short\r\n");
  stage.slots.at(slots[5]).rest().merger = sum_of_two();
  stage.queue.clear();
  CHECK(stage.queue.size() == 0);
  CHECK(stage.queue.pending_bytes() == 0);
  CHECK(stage.slots.size() == 0);
  CHECK(bytes_in_use(stage.loop.blocks) == 0);
  for (const Handle slot : slots) CHECK(stage.slots.find(slot) == nullptr);

  const Handle again = stage.open(1);
  CHECK(stage.fill(again, "+again\r\n"));
  CHECK(stage.take_out() == "+again\r\n");
}

TEST_CASE("Latency is counted in the request's family, from its opening to its turn") {
  Stage stage;
  const auto& counters = stage.loop.counters.total_latency;
  const Handle a = stage.queue.open(kSession, Family::hash, 0);
  stage.loop.now += std::chrono::milliseconds(1);
  const Handle b = stage.queue.open(kSession, Family::list, 0);
  stage.fill(b, "+b\r\n");
  stage.loop.now += std::chrono::milliseconds(2);
  CHECK(counters[index_of(Family::list)].sum_us() == 0);
  stage.fill(a, "+a\r\n");
  CHECK(counters[index_of(Family::hash)].sum_us() == 3'000);
  CHECK(counters[index_of(Family::list)].sum_us() == 2'000);
  CHECK(counters[index_of(Family::string)].sum_us() == 0);
}

namespace {

struct ModelSlot {
  Handle handle;
  std::uint32_t request_bytes;
  std::string reply;  // empty = not yet
};

// Some are short, some just too long to wait in their slot, some have a block of their own.
std::string random_reply(std::mt19937& random, unsigned seed) {
  switch (random() % 8) {
    case 0: return patterned(30'000 + random() % 20'000, seed);
    case 1: return patterned(400 + random() % 200, seed);
    case 2: return patterned(ReplySlot::kInlineBytes - 2 + random() % 6, seed);
    default: return patterned(4 + random() % 30, seed);
  }
}

std::uint64_t expected_pending(const std::deque<ModelSlot>& model) {
  std::uint64_t bytes = 0;
  for (const ModelSlot& slot : model) bytes += slot.request_bytes + slot.reply.size();
  return bytes;
}

}  // namespace

TEST_CASE("Two sessions that open and fill at random agree with a model") {
  std::mt19937 random(31);
  config::Config config;
  Loop loop(config);
  ReplySlots slots;
  ReplyQueue queues[2] = {{loop, slots}, {loop, slots}};
  std::deque<ModelSlot> models[2];
  for (unsigned step = 0; step < 20'000; ++step) {
    const std::size_t who = random() % 2;
    ReplyQueue& queue = queues[who];
    std::deque<ModelSlot>& model = models[who];
    const bool ending = step > 19'000;
    if (!ending && model.size() < 60 && random() % 2 == 0) {
      const auto request_bytes = static_cast<std::uint32_t>(random() % 100);
      model.push_back({queue.open({static_cast<std::uint32_t>(who), 0}, Family::string, request_bytes),
                       request_bytes,
                       {}});
    } else {
      std::vector<ModelSlot*> waiting;
      for (ModelSlot& slot : model) {
        if (slot.reply.empty()) waiting.push_back(&slot);
      }
      if (waiting.empty()) continue;
      ModelSlot& slot = *waiting[random() % 3 == 0 || ending ? 0 : random() % waiting.size()];
      slot.reply = random_reply(random, step);
      protocol::ReadBuffer source;
      read_reply(loop, source, slot.reply);
      protocol::ByteQueue out;
      const ReplyBytes reply{source.bytes(), random() % 2 == 0 ? &source : nullptr};
      const bool grown = queue.fill(slot.handle, slots.at(slot.handle), reply, out);
      source.clear(loop.blocks);
      std::string expected;
      for (; !model.empty() && !model.front().reply.empty(); model.pop_front())
        expected += model.front().reply;
      REQUIRE(grown == !expected.empty());
      REQUIRE(take_text(loop.blocks, out) == expected);
    }
    REQUIRE(queue.size() == model.size());
    REQUIRE(queue.pending_bytes() == expected_pending(model));
    REQUIRE(slots.size() == models[0].size() + models[1].size());
  }
  CHECK(slots.size() == 0);
  CHECK(bytes_in_use(loop.blocks) == 0);
}
