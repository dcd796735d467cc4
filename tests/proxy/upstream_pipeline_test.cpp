#include "proxy/upstream/upstream_pipeline.hpp"

#include <catch2/catch.hpp>
#include <deque>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "tests/protocol/byte_queue_text.hpp"

using namespace slotway;
using namespace slotway::proxy;
using Next = UpstreamPipeline::Next;

namespace {

// A pipeline whose requests are told apart by their fragment number.
struct Stage {
  protocol::BlockPool pool;
  UpstreamPipeline pipeline{pool};
  std::uint32_t committed = 0;

  void commit(std::string_view bytes, std::uint32_t leading = 0) {
    pipeline.bytes().append(pool, bytes);
    Request request;
    request.fragment = committed++;
    request.leading = leading;
    pipeline.commit(request);
  }
  std::string unsent() { return queue_text(pipeline.bytes(), pipeline.cursor()); }
  void send_all() { pipeline.on_sent(unsent().size()); }
  std::string copy_of_front() {
    protocol::ByteQueue copy;
    pipeline.copy_front(copy);
    return take_text(pool, copy);
  }
};

// Feeds `stream` in reads that end at `cut` and at its end; returns "fragment reply" for each.
std::vector<std::string> replies_of(Stage& stage, std::string_view stream, std::size_t cut) {
  std::vector<std::string> replies;
  std::size_t taken = 0;
  for (const std::size_t end : {cut, stream.size()}) {
    while (true) {
      const std::string_view bytes = stream.substr(taken, end - taken);
      const Next next = stage.pipeline.next(bytes);
      if (next == Next::need_more) break;
      const std::size_t size = stage.pipeline.reply_size();
      if (next == Next::leading) {
        stage.pipeline.pass_leading(bytes.substr(0, size));
        taken += size;
        continue;
      }
      REQUIRE(next == Next::reply);
      replies.push_back(std::to_string(stage.pipeline.front().fragment) + " " +
                        std::string(bytes.substr(0, size)));
      taken += size;
      stage.pipeline.pop_front();
    }
  }
  REQUIRE(taken == stream.size());
  return replies;
}

}  // namespace

TEST_CASE("A new pipeline has nothing to send and expects nothing") {
  Stage stage;
  CHECK(stage.pipeline.empty());
  CHECK(stage.pipeline.size() == 0);
  CHECK(stage.pipeline.queued_bytes() == 0);
  CHECK_FALSE(stage.pipeline.has_unsent());
  CHECK(stage.pipeline.next("") == Next::need_more);
  CHECK(stage.pipeline.next("+OK\r\n") == Next::unsolicited);
}

TEST_CASE("A commit takes all bytes that were appended since the last one") {
  Stage stage;
  stage.commit("GET a");
  stage.pipeline.bytes().append(stage.pool, "GET ");
  stage.commit("bb");
  CHECK(stage.pipeline.size() == 2);
  CHECK(stage.pipeline[0].bytes == 5);
  CHECK(stage.pipeline[1].bytes == 6);
  CHECK(stage.pipeline.front().fragment == 0);
  CHECK(stage.pipeline[1].fragment == 1);
  CHECK(stage.pipeline.queued_bytes() == 11);
  CHECK(stage.pipeline.has_unsent());
  CHECK(stage.unsent() == "GET aGET bb");
}

TEST_CASE("Replies are matched with requests in order, wherever the stream is cut") {
  const std::string parts[] = {"+OK\r\n", "$-1\r\n", "*2\r\n$3\r\na\r\n\r\n*1\r\n:5\r\n", "-ERR no\r\n",
                               "$0\r\n\r\n"};
  std::string stream;
  std::vector<std::string> expected;
  for (const std::string& part : parts) {
    expected.push_back(std::to_string(expected.size()) + " " + part);
    stream += part;
  }
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    INFO("cut at " << cut);
    Stage stage;
    for (std::size_t i = 0; i < std::size(parts); ++i) stage.commit("request " + std::to_string(i));
    stage.send_all();
    CHECK(replies_of(stage, stream, cut) == expected);
    CHECK(stage.pipeline.empty());
    CHECK(stage.pipeline.queued_bytes() == 0);
    CHECK(bytes_in_use(stage.pool) == 0);
    CHECK(stage.pipeline.next("+more\r\n") == Next::unsolicited);
  }
}

TEST_CASE("Bytes that are known to be lacking are wanted") {
  Stage stage;
  stage.commit("GET a");
  stage.send_all();
  const std::string_view begin = "$10\r\nab";
  REQUIRE(stage.pipeline.next(begin) == Next::need_more);
  CHECK(stage.pipeline.wanted(begin.size()) == 10);
}

TEST_CASE("Whatever a write takes, the next one begins behind it") {
  const std::string requests[] = {"GET a", std::string(1000, 'b'), "c"};
  std::string all;
  for (const std::string& request : requests) all += request;
  for (std::size_t first = 0; first <= all.size(); ++first) {
    for (const std::size_t second : {std::size_t{0}, (all.size() - first) / 2, all.size() - first}) {
      Stage stage;
      for (const std::string& request : requests) stage.commit(request);
      stage.pipeline.on_sent(first);
      REQUIRE(stage.unsent() == all.substr(first));
      REQUIRE(stage.pipeline.has_unsent() == (first < all.size()));
      REQUIRE(stage.pipeline.front_is_unsent() == (first == 0));
      stage.pipeline.on_sent(second);
      REQUIRE(stage.unsent() == all.substr(first + second));
      // What comes later stands behind what is still unsent.
      stage.commit("late");
      REQUIRE(stage.unsent() == all.substr(first + second) + "late");
    }
  }
}

TEST_CASE("A request that was answered leaves, and what is unsent stays so") {
  const std::string requests[] = {"GET a", std::string(600, 'b'), std::string(20'000, 'c')};
  std::string all;
  for (const std::string& request : requests) all += request;
  for (std::size_t sent = requests[0].size(); sent <= all.size(); sent += 13) {
    INFO(sent << " bytes sent");
    Stage stage;
    for (const std::string& request : requests) stage.commit(request);
    stage.pipeline.on_sent(sent);
    REQUIRE(stage.pipeline.next("+OK\r\n") == Next::reply);
    stage.pipeline.pop_front();
    REQUIRE(stage.pipeline.queued_bytes() == requests[1].size() + requests[2].size());
    REQUIRE(stage.pipeline.front().fragment == 1);
    REQUIRE(stage.pipeline.front_is_unsent() == (sent == requests[0].size()));
    REQUIRE(stage.unsent() == all.substr(sent));
    REQUIRE(stage.copy_of_front() == requests[1]);
    stage.commit("late");
    REQUIRE(stage.unsent() == all.substr(sent) + "late");
  }
}

TEST_CASE("A lost connection's requests can be taken out again, bytes and all, however much was sent") {
  const std::string requests[] = {"GET a", std::string(700, 'b'), std::string(50'000, 'c'), "d"};
  std::string all;
  for (const std::string& request : requests) all += request;
  for (std::size_t sent = 0; sent <= all.size(); sent += sent < 720 ? 1 : 997) {
    Stage stage;
    for (const std::string& request : requests) stage.commit(request);
    stage.pipeline.on_sent(sent);
    std::size_t before = 0;
    for (const std::string& request : requests) {
      REQUIRE(stage.copy_of_front() == request);
      REQUIRE(stage.pipeline.front_text() == request);
      REQUIRE(stage.pipeline.front_is_unsent() == (sent <= before));
      before += request.size();
      stage.pipeline.pop_front();
    }
    REQUIRE(stage.pipeline.empty());
    REQUIRE_FALSE(stage.pipeline.has_unsent());
    REQUIRE(bytes_in_use(stage.pool) == 0);
    // The next connection starts with what comes now.
    stage.commit("PING");
    REQUIRE(stage.unsent() == "PING");
    REQUIRE(stage.pipeline.front_is_unsent());
  }
}

TEST_CASE("copy_front copies behind what the target holds and leaves the queue as it is") {
  Stage stage;
  stage.commit("GET a");
  stage.commit("GET b");
  protocol::ByteQueue target;
  target.append(stage.pool, "ASKING ");
  stage.pipeline.copy_front(target);
  CHECK(take_text(stage.pool, target) == "ASKING GET a");
  CHECK(stage.unsent() == "GET aGET b");
}

TEST_CASE("Nothing is believed that answers what was not asked") {
  struct Case {
    std::size_t sent;  // of the only request, which has 5 bytes
    std::string_view bytes;
    Next next;
  };
  const Case cases[] = {
      {0, "+OK\r\n", Next::unsolicited},
      {0, "-ERR x\r\n", Next::unsolicited},
      {0, "+", Next::unsolicited},
      {0, "", Next::need_more},
      {1, "+OK\r\n", Next::unsolicited},
      {4, ":1\r\n", Next::unsolicited},
      {1, "+O", Next::need_more},
      {1, "-ERR too long\r\n", Next::refused},
      {4, "-ERR too long\r\n", Next::refused},
      {4, "-ERR too lo", Next::need_more},
      {5, "-ERR too long\r\n", Next::reply},
      {5, "+OK\r\n", Next::reply},
      {5, "+OK\r\n+OK\r\n", Next::reply},
      {5, "HTTP/1.1 400 Bad Request\r\n", Next::broken},
      {5, "H", Next::broken},
      {5, "$x\r\n", Next::broken},
      {5, "$-2\r\n", Next::broken},
      {5, "*1\r\nx", Next::broken},
      {3, "HTTP/1.1", Next::broken},
  };
  for (const Case& c : cases) {
    INFO(c.sent << " bytes sent, " << c.bytes);
    Stage stage;
    stage.commit("GET a");
    stage.pipeline.on_sent(c.sent);
    CHECK(stage.pipeline.next(c.bytes) == c.next);
  }
}

TEST_CASE("A refusal has its size, and the requests behind it have not been sent") {
  Stage stage;
  stage.commit(std::string(100'000, 'x'));
  stage.commit("GET b");
  stage.pipeline.on_sent(70'000);
  const std::string_view refusal = "-ERR Protocol error: invalid bulk length\r\n";
  REQUIRE(stage.pipeline.next(refusal) == Next::refused);
  CHECK(stage.pipeline.reply_size() == refusal.size());
  stage.pipeline.pop_front();
  CHECK(stage.pipeline.front().fragment == 1);
  CHECK(stage.pipeline.front_is_unsent());
  CHECK(stage.copy_of_front() == "GET b");
}

TEST_CASE("A second reply in the same read answers only what was sent") {
  Stage stage;
  stage.commit("GET a");
  stage.commit("GET b");
  stage.pipeline.on_sent(5);
  const std::string_view stream = "+a\r\n+b\r\n";
  REQUIRE(stage.pipeline.next(stream) == Next::reply);
  const std::size_t size = stage.pipeline.reply_size();
  stage.pipeline.pop_front();
  CHECK(stage.pipeline.next(stream.substr(size)) == Next::unsolicited);
}

TEST_CASE("An abandoned request keeps its place: its reply is not taken for the next one's") {
  Stage stage;
  for (const char* request : {"GET a", "GET b", "GET c"}) stage.commit(request);
  stage.send_all();
  stage.pipeline[1].abandoned = true;
  std::vector<std::string> delivered;
  std::string_view stream = ":1\r\n:2\r\n:3\r\n";
  while (stage.pipeline.next(stream) == Next::reply) {
    const std::size_t size = stage.pipeline.reply_size();
    if (!stage.pipeline.front().abandoned) {
      delivered.push_back(std::to_string(stage.pipeline.front().fragment) +
                          std::string(stream.substr(0, size)));
    }
    stream.remove_prefix(size);
    stage.pipeline.pop_front();
  }
  CHECK(delivered == std::vector<std::string>{"0:1\r\n", "2:3\r\n"});
}

namespace {

// What a pipeline means: requests with their bytes, and how many bytes of them all were sent.
struct PipelineModel {
  std::deque<std::string> requests;
  std::size_t sent = 0;

  std::string all() const {
    std::string bytes;
    for (const std::string& request : requests) bytes += request;
    return bytes;
  }
};

void check_against(Stage& stage, const PipelineModel& model) {
  const std::string all = model.all();
  REQUIRE(stage.pipeline.size() == model.requests.size());
  REQUIRE(stage.pipeline.queued_bytes() == all.size());
  REQUIRE(stage.pipeline.has_unsent() == (model.sent < all.size()));
  REQUIRE(stage.unsent() == all.substr(model.sent));
  if (!model.requests.empty()) REQUIRE(stage.copy_of_front() == model.requests.front());
  if (model.requests.empty()) REQUIRE(bytes_in_use(stage.pool) == 0);
}

}  // namespace

TEST_CASE("Random commits, writes, replies and block hand-overs agree with a model") {
  std::mt19937 random(21);
  Stage stage;
  PipelineModel model;
  for (unsigned step = 0; step < 6'000; ++step) {
    switch (random() % 4) {
      case 0: {
        const std::size_t size = 1 + random() % (random() % 20 == 0 ? 40'000 : 300);
        model.requests.push_back(patterned(size, step));
        stage.commit(model.requests.back());
        break;
      }
      case 1: {
        // A long request comes with its block.
        if (random() % 8 != 0) break;
        const std::string bytes = patterned(33'000 + random() % 9'000, step);
        protocol::Block* block = stage.pool.acquire(bytes.size() + random() % 2'000);
        bytes.copy(block->data(), bytes.size());
        block->end = bytes.size();
        stage.pipeline.bytes().append_block(block);
        stage.pipeline.commit({});
        model.requests.push_back(bytes);
        break;
      }
      case 2: {
        const std::size_t unsent = model.all().size() - model.sent;
        const std::size_t count = random() % 3 == 0 ? unsent : random() % (unsent + 1);
        stage.pipeline.on_sent(count);
        model.sent += count;
        break;
      }
      default:
        while (!model.requests.empty() && model.sent >= model.requests.front().size() && random() % 4 != 0) {
          REQUIRE(stage.pipeline.next(":1\r\n:2\r\n") == Next::reply);
          REQUIRE(stage.pipeline.reply_size() == 4);
          stage.pipeline.pop_front();
          model.sent -= model.requests.front().size();
          model.requests.pop_front();
        }
    }
    check_against(stage, model);
  }
}

TEST_CASE("A pipeline is in order as long as none of its requests was sent before") {
  Stage stage;
  const auto commit = [&stage](std::uint8_t hops, std::uint8_t attempts) {
    stage.pipeline.bytes().append(stage.pool, "GET a");
    Request request;
    request.hops = hops;
    request.attempts = attempts;
    stage.pipeline.commit(request);
  };
  CHECK(stage.pipeline.is_in_order());
  commit(0, 0);
  CHECK(stage.pipeline.is_in_order());
  commit(1, 0);
  CHECK_FALSE(stage.pipeline.is_in_order());
  commit(0, 255);
  commit(0, 0);
  for (const bool in_order : {false, false, true, true}) {
    stage.pipeline.pop_front();
    CHECK(stage.pipeline.is_in_order() == in_order);
  }
  commit(2, 3);
  CHECK_FALSE(stage.pipeline.is_in_order());
}

TEST_CASE("A pipeline that ends with requests in it gives their memory back") {
  protocol::BlockPool pool;
  {
    UpstreamPipeline pipeline(pool);
    pipeline.bytes().append(pool, std::string(100'000, 'x'));
    pipeline.commit({});
    pipeline.on_sent(20'000);
    CHECK(bytes_in_use(pool) > 0);
  }
  CHECK(bytes_in_use(pool) == 0);
}

TEST_CASE("What a peer has not read is sent again from its beginning") {
  Stage stage;
  stage.commit("GET a");
  stage.commit("GET bb");
  stage.pipeline.on_sent(8);
  CHECK_FALSE(stage.pipeline.front_is_unsent());
  stage.pipeline.forget_sent();
  CHECK(stage.unsent() == "GET aGET bb");
  for (const char* expected : {"GET a", "GET bb"}) {
    CHECK(stage.pipeline.front_is_unsent());
    CHECK(stage.copy_of_front() == expected);
    stage.pipeline.pop_front();
  }
  CHECK(stage.pipeline.empty());
}

TEST_CASE("The replies before a transaction's own are passed over, at every split") {
  const std::string stream = "+a\r\n+OK\r\n+QUEUED\r\n-OOM no\r\n-MOVED 1 x:1\r\n*1\r\n$1\r\nx\r\n+b\r\n";
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    INFO(cut);
    Stage stage;
    stage.commit("first");
    stage.commit("MULTI, three commands, EXEC", 4);
    stage.commit("last");
    stage.send_all();
    CHECK(replies_of(stage, stream, cut) ==
          std::vector<std::string>{"0 +a\r\n", "1 *1\r\n$1\r\nx\r\n", "2 +b\r\n"});
  }
}

TEST_CASE("The first error before a transaction's own reply is kept until that has come") {
  Stage stage;
  stage.commit("MULTI, two commands, EXEC", 3);
  stage.commit("next");
  // Its first replies may come before its last bytes are written.
  stage.pipeline.on_sent(5);
  for (const std::string_view reply : {"+OK\r\n", "-MOVED 1 x:1\r\n", "-OOM no\r\n"}) {
    REQUIRE(stage.pipeline.next(reply) == Next::leading);
    stage.pipeline.pass_leading(reply);
  }
  CHECK(stage.pipeline.leading_error() == "-MOVED 1 x:1\r\n");
  stage.send_all();
  CHECK(stage.pipeline.next("-EXECABORT\r\n") == Next::reply);
  stage.pipeline.pop_front();
  CHECK(stage.pipeline.leading_error().empty());
  CHECK(stage.pipeline.next("+OK\r\n") == Next::reply);
}
