#include "tests/chaos/garbage.hpp"

#include <algorithm>
#include <iterator>

#include "tests/kit/test_client.hpp"

namespace slotway::chaos {
namespace {

constexpr std::size_t kLargeValue = std::size_t{64} << 10;

// K is a key of the prefix, V a value, L a large one, N a small number.
constexpr const char* kCommands[] = {
    "GET K",
    "SET K V",
    "SET K L",
    "SET K V PX N EX N",
    "MGET K K K",
    "MSET K V K V K V",
    "DEL K K",
    "INCR K",
    "EXPIRE K N",
    "APPEND K V",
    "LPUSH K V V",
    "LRANGE K N N",
    "BLPOP K K 0.0N",
    "HSET K V V",
    "ZADD K N V",
    "ZUNIONSTORE K N K K WEIGHTS N N",
    "SORT K BY nosort GET # STORE K",
    "XADD K * V V",
    "XREAD COUNT N STREAMS K K 0 0",
    "EVALSHA 0123456789012345678901234567890123456789 N K V",
    "GEORADIUS K N N N m STORE K",
    "OBJECT ENCODING K",
    "MULTI",
    "EXEC",
    "DISCARD",
    "WATCH K",
    "SUBSCRIBE K K",
    "UNSUBSCRIBE",
    "SPUBLISH K V",
    "PUBLISH K V",
    "HELLO N",
    "HELLO 3 SETNAME V",
    "CLIENT ID",
    "CLIENT SETNAME V",
    "CLIENT REPLY SKIP",
    "CLIENT TRACKING ON",
    "AUTH V V",
    "COMMAND INFO V",
    "SELECT N",
    "PING V",
    "ECHO L",
    "RESET",
    "QUIT",
    "V K N",
};
constexpr const char* kLengths[] = {"-2147483649",
                                    "-2",
                                    "2147483647",
                                    "4294967296",
                                    "536870913",
                                    "536870912",
                                    "1048577",
                                    "18446744073709551616",
                                    "1e3",
                                    "0x10",
                                    "",
                                    "0000000003",
                                    "9223372036854775807",
                                    "1048576",
                                    " 3"};
constexpr const char* kPieces[] = {"\"", "'",   "\\x", "\\x4", "\\\"", " ",
                                   "\t", "\\n", "GET", "a",    "\xff", "\\"};

}  // namespace

std::string Garbage::next() {
  switch (below(8)) {
    case 0: return noise();
    case 1: return with_flips(request());
    case 2: return with_flips(request() + request() + request());
    case 3: return cut(request());
    case 4: return huge_length();
    case 5: return nested();
    case 6: return inline_request();
    default: return request();
  }
}

std::string Garbage::noise() {
  std::string bytes(1 + below(2000), '\0');
  for (char& byte : bytes) byte = static_cast<char>(random_());
  return bytes;
}

std::string Garbage::request() {
  kit::Args arguments(1);
  for (const char* at = kCommands[below(std::size(kCommands))]; *at != '\0'; ++at) {
    const bool is_word = at[1] == ' ' || at[1] == '\0' || at[1] == 'N';
    const bool begins = arguments.back().empty();
    if (*at == ' ') {
      arguments.emplace_back();
    } else if (*at == 'N' && is_word) {
      arguments.back() += std::to_string(below(4));
    } else if (begins && is_word && *at == 'K') {
      arguments.back() = key();
    } else if (begins && is_word && *at == 'V') {
      arguments.back() = "value" + std::to_string(random_());
    } else if (begins && is_word && *at == 'L') {
      arguments.back() = std::string(kLargeValue, 'x');
    } else {
      arguments.back() += *at;
    }
  }
  return kit::encode(arguments);
}

// Mostly near the beginning, where the lengths and the name are.
std::string Garbage::with_flips(std::string bytes) {
  for (std::size_t flips = 1 + below(4); flips > 0; --flips) {
    const std::size_t range = below(3) == 0 ? bytes.size() : std::min<std::size_t>(bytes.size(), 24);
    char& byte = bytes[below(range)];
    byte = static_cast<char>(below(2) == 0 ? byte ^ (1 << below(8)) : static_cast<int>(random_()));
  }
  return bytes;
}

std::string Garbage::huge_length() {
  const std::string length = kLengths[below(std::size(kLengths))];
  if (below(2) == 0) return "*" + length + "\r\n" + request();
  return "*3\r\n$3\r\nSET\r\n$" + length + "\r\n" + key() + "\r\n$1\r\nx\r\n";
}

std::string Garbage::nested() {
  std::string bytes;
  for (std::size_t depth = 1 + below(200); depth > 0; --depth)
    bytes += "*" + std::to_string(below(4)) + "\r\n";
  return bytes + "$-1\r\n" + request();
}

std::string Garbage::inline_request() {
  std::string bytes = below(2) == 0 ? "SET " + key() + " " : "";
  for (std::size_t pieces = below(20); pieces > 0; --pieces) bytes += kPieces[below(std::size(kPieces))];
  if (below(20) == 0) bytes += std::string(kLargeValue + 1, ' ');  // longer than a line may be
  return bytes + "\r\n";
}

}  // namespace slotway::chaos
