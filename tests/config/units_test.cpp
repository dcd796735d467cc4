#include "config/units.hpp"

#include <catch2/catch.hpp>
#include <utility>

namespace slotway::config {
namespace {

template <class T>
std::string complaint_of(const Parsed<T>& parsed) {
  const auto* complaint = std::get_if<Complaint>(&parsed);
  return complaint == nullptr ? "(none)" : complaint->what + "; " + complaint->advice;
}

TEST_CASE("a size takes Redis's units in either case") {
  const auto [text, bytes] = GENERATE(table<std::string, std::uint64_t>({
      {"0", 0},
      {"1", 1},
      {"17b", 17},
      {"1k", 1000},
      {"1kb", 1024},
      {"64KB", 65536},
      {"2m", 2000000},
      {"512mb", 536870912},
      {"512Mb", 536870912},
      {"1g", 1000000000},
      {"1gb", 1073741824},
      {"18446744073709551615", 18446744073709551615ull},
  }));
  CAPTURE(text);
  CHECK(parse_size(text) == Parsed<std::uint64_t>(bytes));
}

TEST_CASE("what is no size is refused") {
  const std::string text = GENERATE("", "kb", "-1", "+1", "1.5mb", "1 mb", "1tb", "1mbb", "0x10",
                                    "18446744073709551616", "18000000000gb");
  CAPTURE(text);
  CHECK(complaint_of(parse_size(text)) ==
        "'" + text +
            "' is not a size; write bytes, or a whole number with k, kb, m, mb, g or gb, such as 64kb");
}

TEST_CASE("a size is printed in the largest unit that is exact") {
  const auto [bytes, text] = GENERATE(table<std::uint64_t, std::string>({{0, "0"},
                                                                         {1000, "1000"},
                                                                         {1024, "1kb"},
                                                                         {1536, "1536"},
                                                                         {512ull << 20, "512mb"},
                                                                         {4ull << 30, "4gb"}}));
  CHECK(print_size(bytes) == text);
  CHECK(parse_size(text) == Parsed<std::uint64_t>(bytes));
}

TEST_CASE("a duration takes a unit, and only zero needs none") {
  const auto [text, count] = GENERATE(table<std::string, int>(
      {{"0", 0}, {"0s", 0}, {"1ms", 1}, {"250ms", 250}, {"10s", 10000}, {"1m", 60000}, {"2H", 7200000}}));
  CAPTURE(text);
  CHECK(parse_duration(text) == Parsed<milliseconds>(milliseconds(count)));
}

TEST_CASE("what is no duration is refused") {
  const auto [text, complaint] = GENERATE(table<std::string, std::string>({
      {"10", "'10' has no unit; write 10ms or 10s"},
      {"", "'' is not a duration; write a whole number with ms, s, m or h, such as 250ms or 10s"},
      {"-1s", "'-1s' is not a duration; write a whole number with ms, s, m or h, such as 250ms or 10s"},
      {"1d", "'1d' is not a duration; write a whole number with ms, s, m or h, such as 250ms or 10s"},
      {"9223372036854775807h",
       "'9223372036854775807h' is not a duration; write a whole number with ms, s, m or h, such as 250ms or "
       "10s"},
  }));
  CHECK(complaint_of(parse_duration(text)) == complaint);
}

TEST_CASE("a duration is printed in the largest unit that is exact") {
  const auto [count, text] = GENERATE(table<int, std::string>(
      {{0, "0"}, {1, "1ms"}, {1500, "1500ms"}, {1000, "1s"}, {90000, "90s"}, {3600000, "1h"}}));
  CHECK(print_duration(milliseconds(count)) == text);
  CHECK(parse_duration(text) == Parsed<milliseconds>(milliseconds(count)));
}

TEST_CASE("an address is a host and a port") {
  const auto [text, host, port] = GENERATE(table<std::string, std::string, std::uint16_t>({
      {"127.0.0.1:6379", "127.0.0.1", 6379},
      {"redis-0.redis.default.svc.cluster.local:7000", "redis-0.redis.default.svc.cluster.local", 7000},
      {"[::1]:6380", "::1", 6380},
      {"[fe80::1%eth0]:1", "fe80::1%eth0", 1},
      {"my_host:0", "my_host", 0},
      {"h:65535", "h", 65535},
  }));
  CAPTURE(text);
  CHECK(parse_host_port(text) == Parsed<HostPort>(HostPort{host, port}));
  CHECK(print_host_port({host, port}) == text);
}

TEST_CASE("what is no address is refused") {
  const auto [text, complaint] = GENERATE(table<std::string, std::string>({
      {"", "'' is not HOST:PORT; write a host and a port, such as 127.0.0.1:6379 or [::1]:6379"},
      {"host", "'host' is not HOST:PORT; write a host and a port, such as 127.0.0.1:6379 or [::1]:6379"},
      {":6379", "':6379' is not HOST:PORT; write a host and a port, such as 127.0.0.1:6379 or [::1]:6379"},
      {"[]:6379",
       "'[]:6379' is not HOST:PORT; write a host and a port, such as 127.0.0.1:6379 or [::1]:6379"},
      {"a b:1", "'a b:1' is not HOST:PORT; write a host and a port, such as 127.0.0.1:6379 or [::1]:6379"},
      {"::1:6379", "'::1:6379' is an IPv6 address without brackets; write it as [ADDRESS]:PORT"},
      {"h:", "'' is not a port; write a number from 1 to 65535 after the host"},
      {"h:65536", "'65536' is not a port; write a number from 1 to 65535 after the host"},
      {"h:-1", "'-1' is not a port; write a number from 1 to 65535 after the host"},
      {"h:http", "'http' is not a port; write a number from 1 to 65535 after the host"},
  }));
  CAPTURE(text);
  CHECK(complaint_of(parse_host_port(text)) == complaint);
}

TEST_CASE("a host and a port are joined, an IPv6 address in brackets") {
  CHECK(print_host_port("10.0.0.1", 6379) == "10.0.0.1:6379");
  CHECK(print_host_port("fd00::2", 1) == "[fd00::2]:1");
  CHECK(print_host_port("", 0) == ":0");
}

TEST_CASE("what may hold a password is not quoted") {
  const std::string text =
      GENERATE("redis://:s3cret@host:6379", "redis://user:s3cret@host", "redis://:s3cret",
               "rediss://s3cret:1", "user:s3cret@host:6379", "s3cret@host:6379", "host:s3cret@");
  CAPTURE(text);
  const std::string complaint = complaint_of(parse_host_port(text));
  CHECK(complaint.starts_with("what is written (not shown: it may hold a password) is not "));
  CHECK(complaint.find("s3cret") == std::string::npos);
}

TEST_CASE("a quoted value shows control bytes and is cut") {
  CHECK(quoted("a\nb\x7f") == "'a\\x0ab\\x7f'");
  CHECK(quoted(std::string(64, 'x')) == "'" + std::string(64, 'x') + "'");
  CHECK(quoted(std::string(65, 'x')) == "'" + std::string(64, 'x') + "...'");
}

}  // namespace
}  // namespace slotway::config
