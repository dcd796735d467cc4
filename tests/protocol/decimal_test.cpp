#include "protocol/decimal.hpp"

#include <catch2/catch.hpp>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "protocol/reply_writer.hpp"

using namespace slotway::protocol;
using namespace std::string_view_literals;

namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();

struct Row {
  std::string_view text;
  std::int64_t value;
};

const Row kNumbers[] = {
    {"0", 0},
    {"1", 1},
    {"9", 9},
    {"10", 10},
    {"-1", -1},
    {"-10", -10},
    {"123456", 123456},
    {"4294967296", 4294967296},
    {"9223372036854775807", kMost},
    {"-9223372036854775808", kLeast},
};

const std::string_view kNoNumbers[] = {
    "",
    "-",
    "+",
    "+1",
    "-0",
    "00",
    "01",
    "-01",
    " 1",
    "1 ",
    "1.0",
    "1e3",
    "0x10",
    "a",
    "1a",
    "--1",
    "1-",
    "\0"sv,
    "1\0"sv,
    "\xff",
    "/",
    ":",
    "9223372036854775808",
    "-9223372036854775809",
    "18446744073709551616",
    "100000000000000000000000000000000000000000",
};

}  // namespace

TEST_CASE("Decimals are read as Redis reads them") {
  for (const Row& row : kNumbers) {
    CAPTURE(row.text);
    CHECK(parse_decimal(row.text) == row.value);
  }
  for (const std::string_view text : kNoNumbers) {
    CAPTURE(text);
    CHECK_FALSE(parse_decimal(text).has_value());
  }
}

TEST_CASE("Decimals are written as they are read") {
  for (const Row& row : kNumbers) CHECK(DecimalText(row.value).view() == row.text);
}

TEST_CASE("Replies are written by the book") {
  std::string out;
  write_array_header(out, 2);
  write_bulk(out, "a\r\n\0"sv);
  write_integer(out, -5);
  write_simple(out, "OK");
  write_error(out, "ERR a\r\nb");
  CHECK(out == "*2\r\n$4\r\na\r\n\0\r\n:-5\r\n+OK\r\n-ERR a  b\r\n"sv);
}
