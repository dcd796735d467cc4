// The same raw bytes to a redis-server and to our parser: the same error, byte for byte.
#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/inline_command.hpp"
#include "protocol/reply_errors.hpp"
#include "protocol/reply_writer.hpp"
#include "protocol/request_parser.hpp"
#include "tests/kit/redis_process.hpp"
#include "tests/kit/test_client.hpp"

using namespace slotway;
using namespace slotway::protocol;

namespace {

// What Redis answers until it closes the connection.
std::string answer_of(const kit::RedisProcess& redis, std::string_view bytes) {
  kit::TestClient client = redis.client();
  client.send_raw(bytes);
  client.shutdown_send();
  return client.read_until_closed();
}

// What our parser has us answer: its error, if it has one.
std::string our_error(std::string_view bytes, bool authenticated) {
  RequestParser parser;
  while (true) {
    switch (parser.parse(bytes, {}, authenticated)) {
      case ParseStatus::need_more: return "";
      case ParseStatus::error: {
        std::string out;
        write_error(out, parser.error_text());
        return out;
      }
      case ParseStatus::request:
      case ParseStatus::nothing: break;
    }
    bytes.remove_prefix(parser.size());
    parser.start();
  }
}

const std::string kBroken[] = {
    "*\r\n",
    "*a\r\n",
    "*01\r\n",
    "*+1\r\n",
    "*-\r\n",
    "* 1\r\n",
    "*1 \r\n",
    "*2147483648\r\n",
    "*9223372036854775808\r\n",
    "*-9223372036854775809\r\n",
    "*1\r\n$-1\r\n",
    "*1\r\n$\r\n",
    "*1\r\n$x\r\n",
    "*1\r\n$04\r\n",
    "*1\r\n$-0\r\n",
    "*1\r\n$536870913\r\n",
    "*1\r\n$9223372036854775808\r\n",
    "*1\r\n:4\r\n",
    "*1\r\n*1\r\n",
    "*1\r\nPING\r\n",
    "*1\r\n\r\n\r\n",
    "*1\r\n\n\r\n",
    "*1\r\n\xff\r\n",
    "*2\r\n$1\r\nGET\r\n$1\r\na\r\n",
    "GET 'a\r\n",
    "GET \"a\r\n",
    "GET \"a\"b\r\n",
    "GET 'a'b\r\n",
    "\r\n*0\r\n*-1\r\n\n*x\r\n",
};

// Broken or not, what is no whole request is waited for.
const std::string kUnfinished[] = {"*1",   "*1\r", "*x",   "*1\r\nPING", "*1\r\n$4\r\nPING\r",
                                   "PING", "'",    "\r\n", "*0\r\n",     "*-5\r\n"};

std::string line_of(std::size_t size, std::string start) {
  return start + std::string(size - start.size(), '1');
}

}  // namespace

TEST_CASE("Broken requests get the error that a redis-server gives") {
  const kit::RedisProcess redis;
  for (const std::string& bytes : kBroken) {
    CAPTURE(bytes);
    const std::string error = our_error(bytes, true);
    CHECK_FALSE(error.empty());
    CHECK(error == answer_of(redis, bytes));
  }
  for (const std::string& bytes : kUnfinished) {
    CAPTURE(bytes);
    CHECK(our_error(bytes, true).empty());
    CHECK(answer_of(redis, bytes).empty());
  }
}

TEST_CASE("Lines that are too long get the error that a redis-server gives") {
  const kit::RedisProcess redis;
  const std::size_t most = RequestParser::kMaxInlineBytes;
  for (const std::string start : {"", "*", "*1\r\n$", "*1\r\n!"}) {
    CAPTURE(start);
    const std::size_t before = start.size() > 1 ? 4 : 0;
    const std::string longest = line_of(before + most, start);
    CHECK(our_error(longest, true).empty());
    CHECK(answer_of(redis, longest).empty());
    const std::string error = our_error(longest + "1", true);
    CHECK_FALSE(error.empty());
    CHECK(error == answer_of(redis, longest + "1"));
  }
}

TEST_CASE("A client that has yet to log in gets the errors that a redis-server gives") {
  const kit::RedisProcess redis({"--requirepass", "secret"});
  for (const std::string bytes : {"*11\r\n", "*1\r\n$16385\r\n", "*2147483648\r\n", "*1\r\n$536870913\r\n"}) {
    CAPTURE(bytes);
    const std::string error = our_error(bytes, false);
    CHECK_FALSE(error.empty());
    CHECK(error == answer_of(redis, bytes));
  }
  for (const std::string bytes : {"*10\r\n", "*1\r\n$16384\r\n"}) {
    CAPTURE(bytes);
    CHECK(our_error(bytes, false).empty());
    CHECK(answer_of(redis, bytes).empty());
  }
}

TEST_CASE("Inline commands are split as a redis-server splits them") {
  const std::string lines[] = {
      "ECHO a",
      "  ECHO\t a ",
      "\vECHO \f a",
      "ECHO a\vb\fc",
      "ECHO \"a\"\v",
      "ECHO a\rb",
      "ECHO \"\"",
      "ECHO ''",
      R"(ECHO "\n\r\t\b\a\q\\\"")",
      R"(ECHO "\x41\x00\xfF\x4\xg1")",
      R"(ECHO '\'\n\x41')",
      R"(ECHO abc"d e")",
      R"(ECHO abc'd e')",
      R"(ECHO \n\ )",
      "ECHO \xff\x80",
  };
  const kit::RedisProcess redis;
  for (const std::string& line : lines) {
    CAPTURE(line);
    std::vector<std::string> words;
    REQUIRE(split_inline(line, words));
    // ECHO of one word, or Redis's complaint about another number of words
    std::string expected;
    if (words.size() == 2) {
      write_bulk(expected, words[1]);
    } else {
      write_error(expected, "ERR wrong number of arguments for 'echo' command");
    }
    CHECK(answer_of(redis, line + "\r\n") == expected);
  }
}

TEST_CASE("Unknown commands are refused in the words of a redis-server") {
  const std::string x(200, 'x');
  const std::vector<kit::Args> commands = {
      {"nosuch"},
      {"NoSuch", "a", "b"},
      {"no\r\nsuch", "a\nb"},
      {""},
      {std::string("n\0m", 3), std::string("a\0b", 3), "c"},
      {x, "a"},
      {"n", x, "z"},
      {"n", "a", x, "z"},
      {"n", std::string(124, 'a'), "bcd", "z"},
      {"n", std::string(125, 'a'), "z"},
  };
  const kit::RedisProcess redis;
  for (const kit::Args& command : commands) {
    const std::string bytes = kit::encode(command);
    CAPTURE(bytes);
    RequestParser parser;
    REQUIRE(parser.parse(bytes, {}, true) == ParseStatus::request);
    CHECK(redis.command(command).text == errors::unknown_command(parser.request(bytes)));
  }
  for (const kit::Args& command :
       {kit::Args{"object", "nosuch"}, kit::Args{"XGroup", "a\r\nb", "x"}, kit::Args{"config", x}}) {
    const std::string bytes = kit::encode(command);
    CAPTURE(bytes);
    RequestParser parser;
    REQUIRE(parser.parse(bytes, {}, true) == ParseStatus::request);
    CHECK(redis.command(command).text == errors::unknown_subcommand(parser.request(bytes)));
  }
  CHECK(redis.command({"hello", "3", x}).text == errors::hello_option(x));
  CHECK(redis.command({"hello", "x"}).text == errors::kProtoNotInteger);
  CHECK(redis.command({"hello", "4"}).text == errors::kNoProto);
  CHECK(redis.command({"auth", "x"}).text == errors::kAuthWithoutPassword);
  CHECK(redis.command({"client", "setname", "a b"}).text == errors::kBadClientName);
  CHECK(redis.command({"client", "list", "id", "x"}).text == errors::kBadClientId);
  CHECK(redis.command({"client", "kill", "id", "0"}).text == errors::kBadClientIdToKill);
  CHECK(redis.command({"client", "kill", "1.2.3.4:5"}).text == errors::kNoSuchClient);
  CHECK(redis.command({"client", "pause", "x"}).text == errors::kTimeoutNotInteger);
  CHECK(redis.command({"client", "pause", "-1"}).text == errors::kTimeoutNegative);
  CHECK(redis.command({"client", "pause", "0", "x"}).text == errors::kBadPauseMode);
  CHECK(redis.command({"client", "caching", "yes"}).text == errors::kCachingWithoutTracking);
  CHECK(redis.command({"set", "k", "v", "nosuch"}).text == errors::kSyntax);
}

TEST_CASE("Login errors are in the words of a redis-server") {
  const kit::RedisProcess redis({"--requirepass", "secret"});
  CHECK(redis.command({"get", "a"}).text == errors::kNoAuth);
  CHECK(redis.command({"hello", "3"}).text == errors::kHelloNoAuth);
  CHECK(redis.command({"auth", "x"}).text == errors::kWrongPass);
}
