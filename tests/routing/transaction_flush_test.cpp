// What a transaction that flushes leaves to be done on the other shards, and how their answers join EXEC's.
#include "routing/transaction_flush.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/reply_errors.hpp"
#include "protocol/reply_writer.hpp"
#include "tests/protocol/request_words.hpp"
#include "tests/routing/merged_text.hpp"

using namespace slotway;
using namespace slotway::routing;

namespace {

const Endpoint kNode{"10.0.0.1", 7001};

std::string encoded(std::string_view line) {
  std::string text;
  const std::vector<std::string> words = protocol::split_words(line);
  protocol::write_array_header(text, words.size());
  for (const std::string& word : words) protocol::write_bulk(text, word);
  return text;
}

std::string transaction(const std::vector<std::string_view>& lines) {
  std::string text = encoded("MULTI");
  for (const std::string_view line : lines) text += encoded(line);
  return text + encoded("EXEC");
}

}  // namespace

TEST_CASE("The flush to repeat is the last that EXEC says was done") {
  struct Case {
    std::vector<std::string_view> commands;
    std::string_view reply;
    std::string_view command;  // "" = none
    std::string_view before;
    std::string_view behind;
  };
  const std::vector<Case> cases = {
      {{"FLUSHALL"}, "*1\r\n+OK\r\n", "FLUSHALL", "*1\r\n", ""},
      {{"flushDB ASYNC"}, "*1\r\n+OK\r\n", "flushDB ASYNC", "*1\r\n", ""},
      {{"SET a 1", "FLUSHDB", "GET a"}, "*3\r\n+OK\r\n+OK\r\n$-1\r\n", "FLUSHDB", "*3\r\n+OK\r\n", "$-1\r\n"},
      {{"LRANGE a 0 9", "FLUSHALL SYNC", "HGETALL a"},
       "*3\r\n*2\r\n$1\r\nx\r\n*0\r\n+OK\r\n%1\r\n+k\r\n_\r\n",
       "FLUSHALL SYNC",
       "*3\r\n*2\r\n$1\r\nx\r\n*0\r\n",
       "%1\r\n+k\r\n_\r\n"},
      {{"FLUSHALL", "FLUSHDB ASYNC"}, "*2\r\n+OK\r\n+OK\r\n", "FLUSHDB ASYNC", "*2\r\n+OK\r\n", ""},
      {{"FLUSHALL", "FLUSHDB SOON"},
       "*2\r\n+OK\r\n-ERR syntax error\r\n",
       "FLUSHALL",
       "*2\r\n",
       "-ERR syntax error\r\n"},
      {{"FLUSHALL SOON"}, "*1\r\n-ERR syntax error\r\n", "", "", ""},
      {{"SET a 1"}, "*1\r\n+OK\r\n", "", "", ""},
      {{"SET FLUSHALL 1"}, "*1\r\n+OK\r\n", "", "", ""},
      {{"FLUSHALL"}, "*-1\r\n", "", "", ""},
      {{"FLUSHALL"}, "_\r\n", "", "", ""},
      {{"FLUSHALL"}, "+OK\r\n", "", "", ""},
      {{"FLUSHALL"}, "*0\r\n", "", "", ""},
      {{"FLUSHALL"}, "", "", "", ""},
      {{}, "*0\r\n", "", "", ""},
  };
  for (const Case& c : cases) {
    INFO(c.reply);
    const auto flush = executed_flush(transaction(c.commands), c.reply, kNode);
    REQUIRE(flush.has_value() == !c.command.empty());
    if (!flush) continue;
    CHECK(flush->command == encoded(c.command));
    CHECK(flush->reply == c.reply);
    CHECK(flush->before() == c.before);
    CHECK(flush->behind() == c.behind);
    CHECK(flush->node == kNode);
  }
}

TEST_CASE("No flush is found in half of a reply") {
  const std::string commands = transaction({"SET a 1", "FLUSHALL"});
  const std::string_view reply = "*2\r\n+OK\r\n+OK\r\n";
  for (std::size_t size = 0; size < reply.size(); ++size) {
    CHECK_FALSE(executed_flush(commands, reply.substr(0, size), kNode).has_value());
  }
  CHECK(executed_flush(commands, reply, kNode).has_value());
}

TEST_CASE("What the other shards say stands in EXEC's reply where the flush's own stood") {
  const std::string unknown = "-" + std::string(protocol::errors::kOutcomeUnknown) + "\r\n";
  const auto in_part = [](const std::string& error) {
    return error.substr(0, error.size() - 2) + std::string(protocol::errors::kExecutedInPart) + "\r\n";
  };
  struct Case {
    std::vector<std::string> replies;  // of the others
    std::string merged;
  };
  const std::vector<Case> cases = {
      {{"+OK\r\n", "+OK\r\n"}, "+OK\r\n"},
      {{"+OK\r\n", "-BUSY x\r\n"}, in_part("-BUSY x\r\n")},
      {{"-BUSY x\r\n", "+OK\r\n"}, in_part("-BUSY x\r\n")},
      {{"-BUSY x\r\n", "-BUSY x\r\n"}, in_part("-BUSY x\r\n")},
      {{"-BUSY x\r\n", unknown}, in_part(unknown)},
  };
  const std::string commands = transaction({"SET a 1", "FLUSHALL", "GET a"});
  const std::string exec = "*3\r\n+OK\r\n+OK\r\n$-1\r\n";
  Merger merger;
  for (const Case& c : cases) {
    INFO(c.merged);
    std::vector<std::uint32_t> arrival = in_order(c.replies.size());
    do {
      merger.reset(protocol::Merge::all_ok, c.replies.size() + 1, true, 0);
      merger.set_flush(*executed_flush(commands, exec, kNode));
      CHECK(merger.held_bytes() == exec.size());
      merger.add(static_cast<std::uint32_t>(c.replies.size()), protocol::kOk);
      REQUIRE(add_all(merger, c.replies, arrival));
      CHECK(merged_text(merger) == "*3\r\n+OK\r\n" + c.merged + "$-1\r\n");
    } while (std::next_permutation(arrival.begin(), arrival.end()));
  }

  // The next command has nothing of it, nor has what lies unused.
  merger.reset(protocol::Merge::all_ok, 1, true, 0);
  merger.add(0, protocol::kOk);
  CHECK(merged_text(merger) == "+OK\r\n");
  merger.set_flush(*executed_flush(commands, exec, kNode));
  merger.shrink();
  CHECK_FALSE(merger.flush().has_value());
}
