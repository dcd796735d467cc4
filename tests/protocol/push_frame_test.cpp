#include "protocol/push_frame.hpp"

#include <catch2/catch.hpp>
#include <string>

namespace slotway::protocol {
namespace {

using Type = PushFrame::Type;

std::string described(std::string_view frame) {
  const auto push = parse_push_frame(frame);
  if (!push) return "none";
  static constexpr const char* kTypes[] = {"message", "subscribed", "unsubscribed", "pong"};
  static constexpr const char* kKinds[] = {"channel", "pattern", "shard"};
  return std::string(kTypes[static_cast<int>(push->type)]) + " " + kKinds[static_cast<int>(push->kind)] +
         " [" + std::string(push->name) + "] [" + std::string(push->channel) + "]";
}

}  // namespace

TEST_CASE("frames of pub/sub are told apart") {
  struct Case {
    std::string_view frame;
    std::string_view expected;
  };
  const Case cases[] = {
      {"*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$2\r\nhi\r\n", "message channel [a] [a]"},
      {">3\r\n$7\r\nmessage\r\n$1\r\na\r\n$2\r\nhi\r\n", "message channel [a] [a]"},
      {"*3\r\n$8\r\nsmessage\r\n$1\r\na\r\n$0\r\n\r\n", "message shard [a] [a]"},
      {"*4\r\n$8\r\npmessage\r\n$2\r\na*\r\n$2\r\nab\r\n$1\r\nx\r\n", "message pattern [a*] [ab]"},
      {"*3\r\n$9\r\nsubscribe\r\n$3\r\nx\r\n\r\n:1\r\n", "subscribed channel [x\r\n] []"},
      {"*3\r\n$10\r\npsubscribe\r\n$0\r\n\r\n:2\r\n", "subscribed pattern [] []"},
      {"*3\r\n$10\r\nssubscribe\r\n$1\r\na\r\n:1\r\n", "subscribed shard [a] []"},
      {"*3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:0\r\n", "unsubscribed channel [a] []"},
      {"*3\r\n$12\r\npunsubscribe\r\n$1\r\na\r\n:0\r\n", "unsubscribed pattern [a] []"},
      {"*3\r\n$12\r\nsunsubscribe\r\n$1\r\na\r\n:0\r\n", "unsubscribed shard [a] []"},
      {"*2\r\n$4\r\npong\r\n$0\r\n\r\n", "pong channel [] []"},
      {"+PONG\r\n", "pong channel [] []"},
      {"+OK\r\n", "none"},
      {"-ERR no\r\n", "none"},
      {"$7\r\nmessage\r\n", "none"},
      {"*0\r\n", "none"},
      {"*-1\r\n", "none"},
      {"*1\r\n$7\r\nmessage\r\n", "none"},
      {"*3\r\n:1\r\n:2\r\n:3\r\n", "none"},
      {"*3\r\n$7\r\nmessage\r\n$-1\r\n$1\r\na\r\n", "none"},
      {"*3\r\n$8\r\npmessage\r\n$1\r\na\r\n:1\r\n", "none"},
      {"*3\r\n$7\r\nmassage\r\n$1\r\na\r\n$2\r\nhi\r\n", "none"},
      {"", "none"},
  };
  for (const Case& c : cases) {
    INFO(c.frame);
    CHECK(described(c.frame) == c.expected);
  }
}

TEST_CASE("acknowledgements and commands are written as Redis writes them") {
  std::string out;
  write_acknowledgement(out, false, ChannelKind::pattern, true, "a*", 12);
  CHECK(out == "*3\r\n$10\r\npsubscribe\r\n$2\r\na*\r\n:12\r\n");
  out.clear();
  write_acknowledgement(out, false, ChannelKind::shard, false, "c", 0);
  CHECK(out == "*3\r\n$12\r\nsunsubscribe\r\n$1\r\nc\r\n:0\r\n");
  out.clear();
  write_empty_acknowledgement(out, false, ChannelKind::channel, 3);
  CHECK(out == "*3\r\n$11\r\nunsubscribe\r\n$-1\r\n:3\r\n");
  out.clear();
  write_acknowledgement(out, true, ChannelKind::channel, true, "a", 1);
  write_empty_acknowledgement(out, true, ChannelKind::shard, 0);
  CHECK(out == ">3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n>3\r\n$12\r\nsunsubscribe\r\n_\r\n:0\r\n");
  out.clear();
  write_subscription(out, ChannelKind::channel, true, "a b");
  CHECK(out == "*2\r\n$9\r\nsubscribe\r\n$3\r\na b\r\n");
}

TEST_CASE("invalidations are told apart, and one of no keys is none") {
  struct Case {
    std::string_view frame;
    std::string_view expected;  // "*": of all
  };
  const Case cases[] = {
      {">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\na\r\n", "[a]"},
      {">2\r\n$10\r\ninvalidate\r\n*2\r\n$3\r\na\r\n\r\n$0\r\n\r\n", "[a\r\n][]"},
      {">2\r\n$10\r\ninvalidate\r\n_\r\n", "*"},
      {">2\r\n$10\r\ninvalidate\r\n*0\r\n", "none"},
      {">2\r\n$10\r\ninvalidate\r\n*-1\r\n", "none"},
      {">2\r\n$10\r\ninvalidate\r\n*2\r\n$1\r\na\r\n", "none"},
      {">2\r\n$10\r\ninvalidate\r\n*1\r\n:1\r\n", "none"},
      {"*2\r\n$10\r\ninvalidate\r\n_\r\n", "none"},
      {">3\r\n$7\r\nmessage\r\n$1\r\na\r\n$2\r\nhi\r\n", "none"},
      {">2\r\n$10\r\ninvalidate\r\n", "none"},
      {"+OK\r\n", "none"},
      {"", "none"},
  };
  for (const Case& c : cases) {
    INFO(c.frame);
    std::string text = "none";
    if (const auto invalidation = parse_invalidation(c.frame)) {
      text = invalidation->keys.empty() ? "*" : "";
      for (const std::string_view key : invalidation->keys) text += "[" + std::string(key) + "]";
    }
    CHECK(text == c.expected);
  }
}

TEST_CASE("invalidations are written as Redis writes them") {
  const std::string_view keys[] = {"a", "b\r\n"};
  std::string out;
  write_invalidation(out, true, keys);
  CHECK(out == ">2\r\n$10\r\ninvalidate\r\n*2\r\n$1\r\na\r\n$3\r\nb\r\n\r\n");
  CHECK(parse_invalidation(out)->keys == std::vector<std::string_view>{"a", "b\r\n"});
  out.clear();
  write_invalidation(out, true, {});
  CHECK(out == ">2\r\n$10\r\ninvalidate\r\n_\r\n");
  out.clear();
  write_invalidation(out, false, {keys, 1});
  CHECK(out == "*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n*1\r\n$1\r\na\r\n");
  out.clear();
  write_invalidation(out, false, {});
  CHECK(out == "*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n$-1\r\n");
  out.clear();
  write_broken_redirect(out, 17);
  CHECK(out == ">2\r\n$21\r\ntracking-redir-broken\r\n:17\r\n");
}

}  // namespace slotway::protocol
