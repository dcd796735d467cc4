// EXEC's reply is handed out in pieces, between which the replies of outside commands belong.
#include "proxy/client/exec_reply.hpp"

#include <catch2/catch.hpp>

namespace slotway::proxy {
namespace {

// The pieces, with the outside commands in brackets where their replies go.
std::string pieces(const std::vector<std::uint32_t>& positions, std::string_view reply) {
  std::vector<OutsideCommand> outside;
  for (const std::uint32_t position : positions) outside.push_back({position, std::to_string(position)});
  ExecReply exec(std::move(outside), std::nullopt);
  if (!exec.take(reply)) return "not executed";
  std::string text;
  for (;;) {
    text += exec.next_elements();
    const std::string* command = exec.next_outside();
    if (!command) return text;
    text += "[" + *command + "]";
  }
}

}  // namespace

TEST_CASE("outside commands stand where they were queued") {
  struct Case {
    std::vector<std::uint32_t> positions;
    std::string_view reply;
    std::string_view expected;
  };
  const Case cases[] = {
      {{}, "*1\r\n:1\r\n", "*1\r\n:1\r\n"},
      {{0}, "*0\r\n", "*1\r\n[0]"},
      {{0}, "*1\r\n:1\r\n", "*2\r\n[0]:1\r\n"},
      {{1}, "*1\r\n:1\r\n", "*2\r\n:1\r\n[1]"},
      {{1}, "*2\r\n*2\r\n:1\r\n$2\r\n\r\n\r\n+OK\r\n", "*3\r\n*2\r\n:1\r\n$2\r\n\r\n\r\n[1]+OK\r\n"},
      {{0, 1}, "*1\r\n-ERR no\r\n", "*3\r\n[0][1]-ERR no\r\n"},
      {{1, 3, 4}, "*3\r\n:1\r\n:2\r\n:3\r\n", "*6\r\n:1\r\n[1]:2\r\n[3][4]:3\r\n"},
      {{0, 1, 2}, "*0\r\n", "*3\r\n[0][1][2]"},
  };
  for (const Case& c : cases) {
    INFO(c.reply);
    CHECK(pieces(c.positions, c.reply) == c.expected);
  }
}

TEST_CASE("what is no array of replies says that nothing was executed") {
  for (const std::string_view reply : {"*-1\r\n", "_\r\n", "-EXECABORT no\r\n", "*", "*x\r\n", ""}) {
    INFO(reply);
    CHECK(pieces({0}, reply) == "not executed");
  }
}

TEST_CASE("an EXEC reply knows what it holds") {
  ExecReply exec({{0, "12345"}, {1, "123"}}, std::nullopt);
  CHECK_FALSE(exec.is_taken());
  CHECK(exec.held_bytes() == 8);
  REQUIRE(exec.take("*1\r\n:1\r\n"));
  CHECK(exec.is_taken());
  CHECK(exec.held_bytes() == 16);
}

}  // namespace slotway::proxy
