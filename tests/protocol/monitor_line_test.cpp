#include "protocol/monitor_line.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "protocol/learned_commands.hpp"
#include "tests/protocol/request_words.hpp"

namespace slotway::protocol {
namespace {

const CommandRow& row_of(const std::vector<std::string>& words) {
  const RequestWords request(words);
  const CommandRow* row = find_row(request.view(), nullptr).row;
  REQUIRE(row != nullptr);
  return *row;
}

std::string line_of(const std::vector<std::string>& words, std::uint64_t unix_us = 1339518083107412) {
  const RequestWords request(words);
  std::string out;
  write_monitor_line(out, unix_us, 0, "127.0.0.1:60866", row_of(words), request.view());
  return out;
}

TEST_CASE("a monitored request is shown as Redis shows it") {
  CHECK(line_of({"keys", "*"}) == "+1339518083.107412 [0 127.0.0.1:60866] \"keys\" \"*\"\r\n");
  CHECK(line_of({"PING"}, 5000000) == "+5.000000 [0 127.0.0.1:60866] \"PING\"\r\n");
  CHECK(line_of({"PING"}, 1000042) == "+1.000042 [0 127.0.0.1:60866] \"PING\"\r\n");
}

TEST_CASE("arguments are quoted, byte by byte") {
  struct Case {
    std::string argument;
    std::string shown;
  };
  const std::vector<Case> cases = {
      {"", "\"\""},
      {"a b", "\"a b\""},
      {"say \"hi\" \\ ", R"("say \"hi\" \\ ")"},
      {"\n\r\t\a\b", R"("\n\r\t\a\b")"},
      {std::string("\0\x01\x1f\x7f\x80\xff", 6), R"("\x00\x01\x1f\x7f\x80\xff")"},
      {"~ !", "\"~ !\""},
  };
  for (const Case& c : cases) {
    CHECK(line_of({"ECHO", c.argument}) ==
          "+1339518083.107412 [0 127.0.0.1:60866] \"ECHO\" " + c.shown + "\r\n");
  }
}

TEST_CASE("passwords are not shown") {
  struct Case {
    std::string request;
    std::string shown;
  };
  const std::vector<Case> cases = {
      {"auth secret", R"x("auth" "(redacted)")x"},
      {"AUTH user secret", R"x("AUTH" "(redacted)" "(redacted)")x"},
      {"hello 3", R"x("hello" "3")x"},
      {"hello 2 Auth user secret setname me",
       R"x("hello" "2" "Auth" "(redacted)" "(redacted)" "setname" "me")x"},
      {"HELLO 3 SETNAME auth AUTH auth auth",
       R"x("HELLO" "3" "SETNAME" "auth" "(redacted)" "(redacted)" "(redacted)")x"},
      {"migrate h 1 k 0 1 AUTH secret", R"x("migrate" "h" "1" "k" "0" "1" "AUTH" "(redacted)")x"},
      {"migrate h 1 k 0 1 auth2 user secret COPY",
       R"x("migrate" "h" "1" "k" "0" "1" "auth2" "(redacted)" "(redacted)" "COPY")x"},
      {"SET auth secret", R"x("SET" "auth" "secret")x"},
  };
  for (const Case& c : cases) {
    CHECK(line_of(split_words(c.request)) == "+1339518083.107412 [0 127.0.0.1:60866] " + c.shown + "\r\n");
  }
}

TEST_CASE("administrative commands are not shown") {
  for (const char* shown :
       {"GET a", "AUTH x", "HELLO", "EVAL x 0", "EXEC", "CLIENT ID", "INFO", "PUBLISH a b"}) {
    INFO(shown);
    CHECK(is_monitored(row_of(split_words(shown))));
  }
  for (const char* hidden :
       {"MONITOR", "CONFIG SET requirepass x", "ACL SETUSER x", "CLIENT LIST", "DEBUG", "QUIT"}) {
    INFO(hidden);
    CHECK_FALSE(is_monitored(row_of(split_words(hidden))));
  }
}

}  // namespace
}  // namespace slotway::protocol
