#include "protocol/request_parser.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/reply_writer.hpp"

using namespace slotway::protocol;
using namespace std::string_literals;

namespace {

using Arguments = std::vector<std::string>;

// What a connection would have seen: its requests, and the error that closed it, if any.
struct Outcome {
  std::vector<Arguments> requests;
  std::string error;
  std::size_t left = 0;  // bytes of an incomplete request
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

// The request written as an array by the book.
std::string by_the_book(const Arguments& arguments) {
  std::string out;
  write_array_header(out, arguments.size());
  for (const std::string& argument : arguments) write_bulk(out, argument);
  return out;
}

// A connection that is fed piece by piece. As in a session, the bytes move between two reads.
class Connection {
 public:
  explicit Connection(ParseLimits limits = {}, bool authenticated = true)
      : limits_(limits), authenticated_(authenticated) {}

  void feed(std::string_view piece) {
    if (!outcome_.error.empty()) return;
    rest_ = std::string(rest_).append(piece);
    while (step()) {
    }
    outcome_.left = rest_.size();
  }
  const Outcome& outcome() const { return outcome_; }
  const RequestParser& parser() const { return parser_; }

 private:
  bool step() {
    switch (parser_.parse(rest_, limits_, authenticated_)) {
      case ParseStatus::need_more: return false;
      case ParseStatus::error: outcome_.error = parser_.error_text(); return false;
      case ParseStatus::request: note(parser_.request(rest_)); break;
      case ParseStatus::nothing: break;
    }
    rest_.erase(0, parser_.size());
    parser_.start();
    return true;
  }
  void note(const RequestView& view) {
    Arguments arguments;
    std::string raw;
    for (std::size_t i = 0; i < view.argc(); ++i) {
      arguments.emplace_back(view.arg(i));
      raw += view.raw_arg(i);
    }
    const std::string whole = by_the_book(arguments);
    CHECK(view.bytes() == whole);
    CHECK(raw == whole.substr(whole.find('\n') + 1));
    outcome_.requests.push_back(std::move(arguments));
  }

  ParseLimits limits_;
  bool authenticated_;
  RequestParser parser_;
  std::string rest_;
  Outcome outcome_;
};

Outcome in_pieces(std::string_view bytes, std::initializer_list<std::size_t> cuts, ParseLimits limits = {},
                  bool authenticated = true) {
  Connection connection(limits, authenticated);
  std::size_t from = 0;
  for (const std::size_t cut : cuts) {
    connection.feed(bytes.substr(from, cut - from));
    from = cut;
  }
  connection.feed(bytes.substr(from));
  return connection.outcome();
}

Outcome byte_by_byte(std::string_view bytes, ParseLimits limits = {}, bool authenticated = true) {
  Connection connection(limits, authenticated);
  for (const char c : bytes) connection.feed({&c, 1});
  return connection.outcome();
}

struct Row {
  std::string bytes;
  std::vector<Arguments> requests;
  std::string error = {};
  std::size_t left = 0;
};

void check_all_cuts(const Row& row, ParseLimits limits = {}, bool authenticated = true) {
  CAPTURE(row.bytes);
  const Outcome whole = in_pieces(row.bytes, {}, limits, authenticated);
  CHECK(whole.requests == row.requests);
  CHECK(whole.error == row.error);
  if (row.error.empty()) CHECK(whole.left == row.left);
  for (std::size_t cut = 1; cut < row.bytes.size(); ++cut) {
    CAPTURE(cut);
    const Outcome outcome = in_pieces(row.bytes, {cut}, limits, authenticated);
    CHECK(outcome.requests == row.requests);
    CHECK(outcome.error == row.error);
    if (row.error.empty()) CHECK(outcome.left == row.left);
  }
  const Outcome crumbs = byte_by_byte(row.bytes, limits, authenticated);
  CHECK(crumbs.requests == row.requests);
  CHECK(crumbs.error == row.error);
}

const std::string kInvalidCount = "ERR Protocol error: invalid multibulk length";
const std::string kInvalidBulk = "ERR Protocol error: invalid bulk length";
const std::string kUnbalanced = "ERR Protocol error: unbalanced quotes in request";

}  // namespace

TEST_CASE("Arrays become requests at every cut") {
  const Row rows[] = {
      {"*1\r\n$4\r\nPING\r\n", {{"PING"}}},
      {"*2\r\n$3\r\nGET\r\n$1\r\na\r\n", {{"GET", "a"}}},
      {"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$0\r\n\r\n", {{"SET", "a", ""}}},
      {"*2\r\n$4\r\nECHO\r\n$11\r\nhello\r\nyou!\r\n", {{"ECHO", "hello\r\nyou!"}}},
      {"*2\r\n$4\r\nECHO\r\n$4\r\n\r\n\r\n\r\n", {{"ECHO", "\r\n\r\n"}}},
      {"*2\r\n$4\r\nECHO\r\n$6\r\n\0\xff$1\r\n\r\n"s, {{"ECHO", "\0\xff$1\r\n"s}}},
      {"*2\r\n$4\r\nECHO\r\n$123\r\n" + std::string(123, 'x') + "\r\n", {{"ECHO", std::string(123, 'x')}}},
      {"*1\r\n$0\r\n\r\n", {{""}}},
      {by_the_book(Arguments(12, "k")), {Arguments(12, "k")}},
      {by_the_book(Arguments(101, "")), {Arguments(101, "")}},
      // an incomplete request waits
      {"*2\r\n$3\r\nGET\r\n$1\r\na\r", {}, {}, 19},
      {"*2\r\n$3\r\nGET\r\n", {}, {}, 13},
      {"*2\r", {}, {}, 3},
      {"*", {}, {}, 1},
  };
  for (const Row& row : rows) check_all_cuts(row);
}

TEST_CASE("The bytes where a line end belongs are skipped, as Redis does") {
  for (const std::string bytes : {"*1\r\n$4\r\nPINGxy", "*1\r?$4\r\nPING\r\n", "*1\r\n$4\r\rPING\r\n"}) {
    CAPTURE(bytes);
    RequestParser parser;
    REQUIRE(parser.parse(bytes, {}, true) == ParseStatus::request);
    CHECK(parser.request(bytes).arg(0) == "PING");
    CHECK(parser.size() == bytes.size());
  }
}

TEST_CASE("Requests in one buffer come out one by one, in order") {
  const std::string get = by_the_book({"GET", "a"});
  const std::string set = by_the_book({"SET", "a", "\r\n*1\r\n"});
  const Row rows[] = {
      {get + set + get, {{"GET", "a"}, {"SET", "a", "\r\n*1\r\n"}, {"GET", "a"}}},
      {get + "PING\r\n" + get, {{"GET", "a"}, {"PING"}, {"GET", "a"}}},
      {"\r\n*0\r\n" + get + "*-1\r\n\n" + get, {{"GET", "a"}, {"GET", "a"}}},
      {get + "*1\r\n$-1\r\n" + get, {{"GET", "a"}}, kInvalidBulk},
      {get + get.substr(0, 7), {{"GET", "a"}}, {}, 7},
  };
  for (const Row& row : rows) check_all_cuts(row);
}

TEST_CASE("Arrays of nothing and empty lines are passed over") {
  for (const std::string bytes :
       {"*0\r\n", "*-1\r\n", "*-9223372036854775808\r\n", "\r\n", "\n", "  \t \r\n"}) {
    check_all_cuts({bytes, {}});
    check_all_cuts({bytes + "PING\r\n", {{"PING"}}});
  }
}

TEST_CASE("Broken arrays get Redis's error texts") {
  const Row rows[] = {
      // the number of arguments
      {"*\r\n", {}, kInvalidCount},
      {"*a\r\n", {}, kInvalidCount},
      {"*1a\r\n", {}, kInvalidCount},
      {"* 1\r\n", {}, kInvalidCount},
      {"*+1\r\n", {}, kInvalidCount},
      {"*01\r\n", {}, kInvalidCount},
      {"*00\r\n", {}, kInvalidCount},
      {"*-0\r\n", {}, kInvalidCount},
      {"*-\r\n", {}, kInvalidCount},
      {"*1\n\r\n", {}, kInvalidCount},
      {"*2147483648\r\n", {}, kInvalidCount},
      {"*9223372036854775808\r\n", {}, kInvalidCount},
      {"*-9223372036854775809\r\n", {}, kInvalidCount},
      {"*99999999999999999999999999\r\n", {}, kInvalidCount},
      // the length of an argument
      {"*1\r\n$-1\r\n", {}, kInvalidBulk},
      {"*1\r\n$\r\n", {}, kInvalidBulk},
      {"*1\r\n$x\r\n", {}, kInvalidBulk},
      {"*1\r\n$4x\r\n", {}, kInvalidBulk},
      {"*1\r\n$04\r\n", {}, kInvalidBulk},
      {"*1\r\n$-0\r\n", {}, kInvalidBulk},
      {"*1\r\n$536870913\r\n", {}, kInvalidBulk},
      {"*1\r\n$9223372036854775807\r\n", {}, kInvalidBulk},
      {"*1\r\n$18446744073709551616\r\n", {}, kInvalidBulk},
      {"*2\r\n$3\r\nGET\r\n$-5\r\n", {}, kInvalidBulk},
      // what should be an argument
      {"*1\r\n:4\r\n", {}, "ERR Protocol error: expected '$', got ':'"},
      {"*1\r\n*1\r\n", {}, "ERR Protocol error: expected '$', got '*'"},
      {"*1\r\nPING\r\n", {}, "ERR Protocol error: expected '$', got 'P'"},
      {"*1\r\n44\r\n", {}, "ERR Protocol error: expected '$', got '4'"},
      {"*1\r\n\r\n\r\n", {}, "ERR Protocol error: expected '$', got '\r'"},
      {"*2\r\n$3\r\nGET\r\na\r\n", {}, "ERR Protocol error: expected '$', got 'a'"},
      {"*2\r\n$1\r\nGET\r\n$1\r\na\r\n", {}, "ERR Protocol error: expected '$', got '\r'"},
      // only a whole line is judged
      {"*1\r\nPING", {}, {}, 8},
      {"*1\r\nPING\r", {}, {}, 9},
  };
  for (const Row& row : rows) check_all_cuts(row);
}

TEST_CASE("An announced length within the limit is waited for, and known to be lacking") {
  Connection connection;
  connection.feed("*1\r\n$536870912\r\n");
  CHECK(connection.outcome() == Outcome{{}, {}, 16});
  CHECK(connection.parser().wanted(16) == (512u << 20) + 2);
  connection.feed("abc");
  CHECK(connection.parser().wanted(19) == (512u << 20) - 1);

  RequestParser parser;
  REQUIRE(parser.parse("*2\r\n$1", {}, true) == ParseStatus::need_more);
  CHECK(parser.wanted(6) == 0);
}

TEST_CASE("Limits are exact") {
  ParseLimits limits;
  limits.max_arguments = 3;
  limits.max_bulk_bytes = 5;
  check_all_cuts({by_the_book({"a", "b", "c"}), {{"a", "b", "c"}}}, limits);
  check_all_cuts({"*4\r\n", {}, kInvalidCount}, limits);
  check_all_cuts({by_the_book({"12345"}), {{"12345"}}}, limits);
  check_all_cuts({"*1\r\n$6\r\n", {}, kInvalidBulk}, limits);

  ParseLimits whole;
  const std::string request = by_the_book({"SET", "key", "value"});
  const std::size_t last = request.rfind('$');
  whole.max_request_bytes = request.size();
  check_all_cuts({request, {{"SET", "key", "value"}}}, whole);
  whole.max_request_bytes = request.size() - 1;
  // refused as soon as the length is read, not when the payload is there
  check_all_cuts(
      {request.substr(0, last + 4), {}, "ERR Protocol error: request is larger than limits.max_request"},
      whole);
}

TEST_CASE("A client that has yet to log in has Redis's tighter limits") {
  const Arguments ten(10, "x");
  const Arguments eleven(11, "x");
  check_all_cuts({by_the_book(ten), {ten}}, {}, false);
  check_all_cuts({by_the_book(eleven), {eleven}}, {}, true);
  check_all_cuts({"*11\r\n", {}, "ERR Protocol error: unauthenticated multibulk length"}, {}, false);
  check_all_cuts({"*1\r\n$16384\r\n", {}, {}, 12}, {}, false);
  check_all_cuts({"*1\r\n$16385\r\n", {}, "ERR Protocol error: unauthenticated bulk length"}, {}, false);
  check_all_cuts({"*1\r\n$16385\r\n", {}, {}, 12}, {}, true);
  // what is invalid anyway is called that
  check_all_cuts({"*2147483648\r\n", {}, kInvalidCount}, {}, false);
  check_all_cuts({"*1\r\n$536870913\r\n", {}, kInvalidBulk}, {}, false);
}

TEST_CASE("Logging in between two requests lifts the limits") {
  const std::string first = by_the_book({"AUTH", "secret"});
  const std::string second = by_the_book(Arguments(11, "x"));
  const std::string both = first + second;
  RequestParser parser;
  REQUIRE(parser.parse(both, {}, false) == ParseStatus::request);
  REQUIRE(parser.size() == first.size());
  parser.start();
  REQUIRE(parser.parse(std::string_view(both).substr(first.size()), {}, true) == ParseStatus::request);
  CHECK(parser.request(second).argc() == 11);
}

TEST_CASE("Inline commands are rewritten as arrays") {
  const Row rows[] = {
      {"PING\r\n", {{"PING"}}},
      {"PING\n", {{"PING"}}},
      {"  get\t a \r\n", {{"get", "a"}}},
      {"SET k \"a b\\r\\n\\x00\\xfF\\\"\"\r\n", {{"SET", "k", "a b\r\n\0\xff\""s}}},
      {"SET k 'it\\'s \\n'\r\n", {{"SET", "k", "it's \\n"}}},
      {"SET k \"\" ''\r\n", {{"SET", "k", "", ""}}},
      {"$5\r\nhello\r\n", {{"$5"}, {"hello"}}},
      {"a\rb\r\n", {{"a", "b"}}},
      {"a\r\r\n", {{"a"}}},
      {"\xff\xfe\r\n", {{"\xff\xfe"}}},
      {"GET 'a\r\nPING\r\n", {}, kUnbalanced},
      {"GET \"a\r\n", {}, kUnbalanced},
      {"GET \"a\"b\r\n", {}, kUnbalanced},
      {"PING\r\nGET 'a\r\n", {{"PING"}}, kUnbalanced},
      {"PING\r", {}, {}, 5},
  };
  for (const Row& row : rows) check_all_cuts(row);
}

TEST_CASE("Lines of up to 64 KB are taken, longer ones refused, however they were cut") {
  const std::size_t most = RequestParser::kMaxInlineBytes;
  const std::string word(most, 'x');
  const std::string ones(most - 1, '1');
  const Row rows[] = {
      {word + "\n", {{word}}},
      {word.substr(1) + "\r\n", {{word.substr(1)}}},
      {word + "\r\n", {}, "ERR Protocol error: too big inline request"},
      {word + "x\n", {}, "ERR Protocol error: too big inline request"},
      {word + "xyz", {}, "ERR Protocol error: too big inline request"},
      {word, {}, {}, most},
      {"*" + ones + "\r\n", {}, kInvalidCount},
      {"*" + ones + "1\r\n", {}, "ERR Protocol error: too big mbulk count string"},
      {"*" + ones + "1", {}, "ERR Protocol error: too big mbulk count string"},
      {"*" + ones, {}, {}, most},
      {"*1\r\n$" + ones + "\r\n", {}, kInvalidBulk},
      {"*1\r\n$" + ones + "1\r\n", {}, "ERR Protocol error: too big bulk count string"},
      {"*1\r\n!" + ones + "1\r\n", {}, "ERR Protocol error: too big bulk count string"},
      {"*1\r\n!" + ones + "\r\n", {}, "ERR Protocol error: expected '$', got '!'"},
      {"*1\r\n$" + ones, {}, {}, 4 + most},
  };
  for (const Row& row : rows) {
    CAPTURE(row.bytes.substr(0, 8), row.bytes.size());
    const Outcome expected{row.requests, row.error, row.left};
    const std::size_t size = row.bytes.size();
    for (const std::size_t cut : {std::size_t{0}, std::size_t{1}, size / 2, size - 3, size - 2, size - 1}) {
      CAPTURE(cut);
      Outcome outcome = in_pieces(row.bytes, {cut}, {}, true);
      if (!row.error.empty()) outcome.left = 0;
      CHECK((outcome == expected));
    }
  }
}

// What was scanned is overwritten with line ends before the next call: a second look would find them.
TEST_CASE("No byte of a line is looked at twice") {
  struct Line {
    std::string start;
    std::string end;
    ParseStatus status;
  };
  const Line lines[] = {
      {"PING ", "a\n", ParseStatus::request},
      {"*", "\r\n", ParseStatus::error},
      {"*1\r\n$", "\r\n", ParseStatus::error},
      {"*1\r\n!", "\r\n", ParseStatus::error},
  };
  for (const Line& line : lines) {
    CAPTURE(line.start);
    std::string bytes = line.start;
    RequestParser parser;
    while (bytes.size() < 1000) {
      bytes += '1';
      REQUIRE(parser.parse(bytes, {}, true) == ParseStatus::need_more);
      bytes.back() = bytes.size() % 2 ? '\r' : '\n';
    }
    bytes += line.end;
    CHECK(parser.parse(bytes, {}, true) == line.status);
  }
}

TEST_CASE("No byte of a payload is looked at before it is whole") {
  std::string bytes = "*2\r\n$4\r\nECHO\r\n$1000\r\n";
  const std::string header = bytes;
  RequestParser parser;
  for (int i = 0; i < 1001; ++i) {
    bytes += 'x';
    REQUIRE(parser.parse(bytes, {}, true) == ParseStatus::need_more);
    // also the headers are not read again
    std::fill(bytes.begin(), bytes.end(), '!');
  }
  bytes += '\n';
  REQUIRE(parser.parse(bytes, {}, true) == ParseStatus::request);
  CHECK(parser.size() == header.size() + 1002);
  CHECK(parser.request(bytes).arg(1).size() == 1000);
}

TEST_CASE("A parser is as good as new after start()") {
  RequestParser parser;
  REQUIRE(parser.parse("*1\r\n$x\r\n", {}, true) == ParseStatus::error);
  parser.start();
  REQUIRE(parser.parse("*2\r\n$3\r\nGET\r\n$100\r\nabc", {}, true) == ParseStatus::need_more);
  parser.start();
  REQUIRE(parser.parse("GET a\r\n", {}, true) == ParseStatus::request);
  parser.start();
  const std::string ping = "*1\r\n$4\r\nPING\r\n";
  REQUIRE(parser.parse(ping, {}, true) == ParseStatus::request);
  CHECK(parser.request(ping).argc() == 1);
  CHECK(parser.request(ping).bytes().data() == ping.data());
  CHECK(parser.size() == ping.size());
}

TEST_CASE("No bytes are no error") {
  RequestParser parser;
  CHECK(parser.parse("", {}, true) == ParseStatus::need_more);
  CHECK(parser.parse("\n", {}, true) == ParseStatus::nothing);
}
