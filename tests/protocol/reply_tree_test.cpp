#include "protocol/reply_tree.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <utility>

using namespace slotway::protocol;
using namespace std::string_view_literals;

namespace {

// A tree as text, so that whole trees are compared at once.
std::string show(const ReplyTree& reply) {
  switch (reply.type) {
    case ReplyType::nil: return "nil";
    case ReplyType::status: return "+" + reply.text;
    case ReplyType::error: return "-" + reply.text;
    case ReplyType::integer: return ":" + std::to_string(reply.integer);
    case ReplyType::string: return "'" + reply.text + "'";
    case ReplyType::array: break;
  }
  std::string out = "[";
  for (const ReplyTree& element : reply.elements) out += (out.size() > 1 ? " " : "") + show(element);
  return out + "]";
}

struct Row {
  std::string_view bytes;
  std::string tree;
};

const Row kReplies[] = {
    {"+OK\r\n", "+OK"},
    {"-ERR no\r\n", "-ERR no"},
    {":-42\r\n", ":-42"},
    {"$3\r\nabc\r\n", "'abc'"},
    {"$0\r\n\r\n", "''"},
    {"$-1\r\n", "nil"},
    {"*-1\r\n", "nil"},
    {"*0\r\n", "[]"},
    {"*2\r\n$1\r\na\r\n*2\r\n:1\r\n$-1\r\n", "['a' [:1 nil]]"},
    {"*3\r\n*1\r\n*1\r\n+x\r\n*0\r\n-ERR y\r\n", "[[[+x]] [] -ERR y]"},
    {"*7\r\n:1\r\n:2\r\n:3\r\n:4\r\n:5\r\n*2\r\n:6\r\n:7\r\n:8\r\n", "[:1 :2 :3 :4 :5 [:6 :7] :8]"},
};

}  // namespace

TEST_CASE("Replies become trees") {
  for (const Row& row : kReplies) {
    CAPTURE(row.bytes);
    ReplyReader reader;
    reader.feed(row.bytes);
    const auto reply = reader.next();
    REQUIRE(reply.has_value());
    CHECK(show(*reply) == row.tree);
    CHECK_FALSE(reader.next().has_value());
    CHECK_FALSE(reader.has_failed());
  }
}

TEST_CASE("A string keeps zero bytes and line ends") {
  ReplyReader reader;
  reader.feed("$5\r\na\0\r\nb\r\n"sv);
  const auto reply = reader.next();
  REQUIRE(reply.has_value());
  CHECK(reply->text == "a\0\r\nb"sv);
}

TEST_CASE("A reply that is cut anywhere is the same reply") {
  for (const Row& row : kReplies) {
    for (std::size_t cut = 1; cut < row.bytes.size(); ++cut) {
      CAPTURE(row.bytes, cut);
      ReplyReader reader;
      reader.feed(row.bytes.substr(0, cut));
      REQUIRE_FALSE(reader.next().has_value());
      reader.feed(row.bytes.substr(cut));
      const auto reply = reader.next();
      REQUIRE(reply.has_value());
      CHECK(show(*reply) == row.tree);
    }
  }
}

TEST_CASE("Replies that came in one piece are taken one by one, also by a reader that was moved") {
  std::string all;
  for (const Row& row : kReplies) all += row.bytes;
  ReplyReader first;
  first.feed(all);
  ReplyReader reader = std::move(first);
  for (const Row& row : kReplies) {
    const auto reply = reader.next();
    REQUIRE(reply.has_value());
    CHECK(show(*reply) == row.tree);
  }
  CHECK_FALSE(reader.next().has_value());
}

TEST_CASE("Garbage is an error, and remains one") {
  const std::string_view garbage[] = {
      "hello\r\n",    "HTTP/1.1 400 Bad Request\r\n",
      "\r\n",         "$x\r\n",
      "*x\r\n",       ":x\r\n",
      "$-2\r\n",      "*-2\r\n",
      "*1\r\n%1\r\n", "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n",
  };
  for (const std::string_view bytes : garbage) {
    CAPTURE(bytes);
    ReplyReader reader;
    reader.feed(bytes);
    CHECK_FALSE(reader.next().has_value());
    REQUIRE(reader.has_failed());
    CHECK(reader.error().starts_with("unreadable reply: "));
    CHECK(reader.error().find('\n') == std::string::npos);
    reader.feed("+OK\r\n");
    CHECK_FALSE(reader.next().has_value());
  }
}

TEST_CASE("An announced count or length takes no memory by itself") {
  for (const std::string_view bytes : {"*2147483647\r\n:1\r\n"sv, "$536870912\r\nabc"sv}) {
    CAPTURE(bytes);
    ReplyReader reader;
    reader.feed(bytes);
    CHECK_FALSE(reader.next().has_value());
    CHECK_FALSE(reader.has_failed());
  }
}

TEST_CASE("A reply above the limit is an error, several below it are not") {
  ReplyReader reader{16};
  for (int i = 0; i < 10; ++i) {
    reader.feed("$5\r\nabcde\r\n");
    CHECK(reader.next().has_value());
  }
  reader.feed("$100\r\nabcde");
  CHECK_FALSE(reader.next().has_value());
  CHECK_FALSE(reader.has_failed());
  reader.feed("fghijklm");
  CHECK_FALSE(reader.next().has_value());
  CHECK(reader.error() == "unreadable reply: more than 16 bytes");
}

TEST_CASE("A field of a map is found by its name") {
  ReplyReader reader;
  reader.feed("*5\r\n$1\r\na\r\n:1\r\n$1\r\nb\r\n$1\r\na\r\n$1\r\nc\r\n");
  const auto map = reader.next();
  REQUIRE(map.has_value());
  REQUIRE(find_field(*map, "a") != nullptr);
  CHECK(find_field(*map, "a")->integer == 1);
  REQUIRE(find_field(*map, "b") != nullptr);
  CHECK(find_field(*map, "b")->text == "a");
  CHECK(find_field(*map, "c") == nullptr);
  CHECK(find_field(*map, "d") == nullptr);
  CHECK(find_field(map->elements[0], "a") == nullptr);
}
