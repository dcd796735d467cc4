#include "protocol/reply_scanner.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <string_view>

using namespace slotway::protocol;
using namespace std::string_literals;

namespace {

// Each is one reply, whole.
const std::string kReplies[] = {
    // RESP2
    "+OK\r\n",
    "+\r\n",
    "-ERR no such thing\r\n",
    "-MOVED 3999 127.0.0.1:6381\r\n",
    "+line\nfeed\r\n",
    ":0\r\n",
    ":-9223372036854775808\r\n",
    "$0\r\n\r\n",
    "$-1\r\n",
    "$5\r\nhello\r\n",
    "$4\r\n\r\n\r\n\r\n",
    "$7\r\n\0\xff\r$-1\n\r\n"s,
    "*0\r\n",
    "*-1\r\n",
    "*1\r\n*-1\r\n",
    "*1\r\n*0\r\n",
    "*2\r\n$1\r\na\r\n:1\r\n",
    "*3\r\n*2\r\n+a\r\n*1\r\n$-1\r\n-ERR b\r\n*2\r\n*0\r\n:7\r\n",
    "*2\r\n$-1\r\n$0\r\n\r\n",
    // RESP3
    "_\r\n",
    "#t\r\n",
    "#f\r\n",
    ",1.5\r\n",
    ",-inf\r\n",
    ",nan\r\n",
    "(3492890328409238509324850943850943825024385\r\n",
    "!21\r\nSYNTAX invalid syntax\r\n",
    "=15\r\ntxt:Some string\r\n",
    "%0\r\n",
    "%2\r\n+a\r\n:1\r\n$1\r\nb\r\n*1\r\n_\r\n",
    "~3\r\n+a\r\n+b\r\n#t\r\n",
    ">3\r\n$7\r\nmessage\r\n$2\r\nch\r\n$2\r\nhi\r\n",
    ">2\r\n+invalidate\r\n*1\r\n$1\r\na\r\n",
    // an attribute stands before what it describes, and takes no place of its own
    "|1\r\n+ttl\r\n:3600\r\n$1\r\na\r\n",
    "|0\r\n+OK\r\n",
    "|1\r\n+a\r\n|1\r\n+b\r\n+c\r\n+d\r\n:1\r\n",
    "*2\r\n|1\r\n+ttl\r\n:1\r\n$1\r\na\r\n:2\r\n",
    "%1\r\n|1\r\n+k\r\n%1\r\n+x\r\n+y\r\n+key\r\n+value\r\n",
    "|1\r\n+k\r\n+v\r\n*0\r\n",
};

const std::string kBroken[] = {
    "x",
    "\r\n",
    "OK\r\n",
    "HTTP/1.1 400 Bad Request\r\n",
    "\0"s,
    "+OK\rX",
    "$5\rX",
    "$\r\n",
    "$a\r\n",
    "$-2\r\n",
    "$01\r\n",
    "$+1\r\n",
    "$ 1\r\n",
    "$1 \r\n",
    "$?\r\n",
    "$1099511627777\r\n",
    "$9223372036854775808\r\n",
    "$1111111111111111111111111",
    "*\r\n",
    "*-2\r\n",
    "*4294967297\r\n",
    "*9223372036854775807\r\n",
    "*2147483648\r\n*2147483650\r\n",
    "%4294967296\r\n",
    "*1\r\nx\r\n",
    "*2\r\n+a\r\n$-2\r\n",
    "%1\r\n+a\r\n?\r\n",
    "!x\r\n",
    "=-5\r\n",
    "*?\r\n",
    "$3\r\nabcde+OK\r\n*1\r\n\r\n",
};

// `tail` follows the reply in the stream and is none of its business.
void check_reply(const std::string& reply, const std::string& tail) {
  const std::string stream = reply + tail;
  ReplyScanner scanner;
  REQUIRE(scanner.scan(stream) == ScanStatus::reply);
  CHECK(scanner.size() == reply.size());
  for (std::size_t cut = 0; cut < reply.size(); ++cut) {
    CAPTURE(cut);
    scanner.start();
    REQUIRE(scanner.scan(std::string_view(stream).substr(0, cut)) == ScanStatus::need_more);
    CHECK(scanner.wanted(cut) <= reply.size() - cut);
    REQUIRE(scanner.scan(stream) == ScanStatus::reply);
    CHECK(scanner.size() == reply.size());
  }
  scanner.start();
  for (std::size_t size = 0; size < reply.size(); ++size) {
    REQUIRE(scanner.scan(std::string_view(stream).substr(0, size)) == ScanStatus::need_more);
  }
  REQUIRE(scanner.scan(reply) == ScanStatus::reply);
  CHECK(scanner.size() == reply.size());
}

}  // namespace

TEST_CASE("The end of a reply is found at every cut") {
  for (const std::string& reply : kReplies) {
    CAPTURE(reply);
    check_reply(reply, "");
    check_reply(reply, "+NEXT\r\n");
    check_reply(reply, "\r\n");
    check_reply("*2\r\n" + reply + reply, ":1\r\n");
    check_reply("%1\r\n+k\r\n" + reply, "x");
  }
}

TEST_CASE("Garbage is refused as soon as it can be seen") {
  for (const std::string& bytes : kBroken) {
    CAPTURE(bytes);
    ReplyScanner scanner;
    std::string_view rest = bytes;
    ScanStatus whole = scanner.scan(rest);
    while (whole == ScanStatus::reply) {
      // a whole reply with garbage behind it: that is the next reply's error
      rest.remove_prefix(scanner.size());
      scanner.start();
      whole = scanner.scan(rest);
    }
    CHECK(whole == ScanStatus::error);
  }
  for (int type = 0; type < 256; ++type) {
    const char byte = static_cast<char>(type);
    const bool known = byte != 0 && std::string_view("+-:$*_#,(!=%~>|").find(byte) != std::string_view::npos;
    ReplyScanner scanner;
    CHECK(scanner.scan({&byte, 1}) == (known ? ScanStatus::need_more : ScanStatus::error));
  }
}

TEST_CASE("Garbage that comes byte by byte is refused too, and never later") {
  for (const std::string& bytes : kBroken) {
    CAPTURE(bytes);
    ReplyScanner scanner;
    std::size_t from = 0;
    ScanStatus status = ScanStatus::need_more;
    for (std::size_t size = 1; size <= bytes.size() && status != ScanStatus::error; ++size) {
      status = scanner.scan(std::string_view(bytes).substr(from, size - from));
      if (status != ScanStatus::reply) continue;
      from += scanner.size();
      scanner.start();
    }
    CHECK(status == ScanStatus::error);
  }
}

TEST_CASE("Nesting has no limit but the size of the reply") {
  const int depth = 1000;
  std::string arrays;
  std::string maps;
  for (int i = 0; i < depth; ++i) {
    arrays += "*1\r\n";
    maps += "%1\r\n+k\r\n";
  }
  check_reply(arrays + ":1\r\n", "+OK\r\n");
  check_reply(maps + "*0\r\n", "+OK\r\n");
  // each level is awaited again behind its inner one
  std::string pairs;
  for (int i = 0; i < depth; ++i) pairs += "*2\r\n";
  for (int i = 0; i <= depth; ++i) pairs += ":1\r\n";
  check_reply(pairs, ":1\r\n");
}

TEST_CASE("Huge announced sizes are waited for without being believed") {
  ReplyScanner scanner;
  REQUIRE(scanner.scan("$1099511627776\r\n") == ScanStatus::need_more);
  CHECK(scanner.wanted(16) == (1ull << 40) + 2);
  REQUIRE(scanner.scan("$1099511627776\r\nabc") == ScanStatus::need_more);
  CHECK(scanner.wanted(19) == (1ull << 40) - 1);

  scanner.start();
  REQUIRE(scanner.scan("*4294967296\r\n") == ScanStatus::need_more);
  CHECK(scanner.wanted(13) == 0);
  REQUIRE(scanner.scan("*4294967296\r\n:1\r\n") == ScanStatus::need_more);

  scanner.start();
  REQUIRE(scanner.scan("%2147483648\r\n") == ScanStatus::need_more);

  // inside an array too: the awaited elements are those of all levels
  scanner.start();
  REQUIRE(scanner.scan("*2147483648\r\n*2147483649\r\n") == ScanStatus::need_more);
  scanner.start();
  CHECK(scanner.scan("*2147483648\r\n*2147483650\r\n") == ScanStatus::error);
}

// What was scanned is overwritten with line ends before the next call: a second look would find them.
TEST_CASE("No byte of a reply is looked at twice") {
  std::string bytes = "+";
  ReplyScanner scanner;
  while (bytes.size() < 1000) {
    bytes += 'x';
    REQUIRE(scanner.scan(bytes) == ScanStatus::need_more);
    bytes.back() = bytes.size() % 2 ? '\r' : '\n';
  }
  bytes += "\r\n";
  REQUIRE(scanner.scan(bytes) == ScanStatus::reply);
  CHECK(scanner.size() == 1002);

  bytes = "*3\r\n+a\r\n$1000\r\n";
  const std::size_t header = bytes.size();
  scanner.start();
  REQUIRE(scanner.scan(bytes) == ScanStatus::need_more);
  for (int i = 0; i < 1002; ++i) {
    bytes.assign(bytes.size(), '\r');
    bytes += '\n';
    REQUIRE(scanner.scan(bytes) == ScanStatus::need_more);
  }
  bytes += ":7\r\n";
  REQUIRE(scanner.scan(bytes) == ScanStatus::reply);
  CHECK(scanner.size() == header + 1002 + 4);
}

// Were the line searched from its start at each call, this would be 5 * 10^11 steps.
TEST_CASE("A line of 1 MB that comes byte by byte ends") {
  const std::string bytes = "+" + std::string(1 << 20, 'x') + "\r\n";
  ReplyScanner scanner;
  std::size_t needed_more = 0;
  for (std::size_t size = 1; size < bytes.size(); ++size) {
    needed_more += scanner.scan(std::string_view(bytes).substr(0, size)) == ScanStatus::need_more;
  }
  CHECK(needed_more == bytes.size() - 1);
  CHECK(scanner.scan(bytes) == ScanStatus::reply);
  CHECK(scanner.size() == bytes.size());
}
