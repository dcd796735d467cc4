// Log lines: one a message, readable back, whatever bytes a peer had a part in.
#include "proxy/observe/logging.hpp"

#include <pthread.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <boost/json/parse.hpp>
#include <boost/json/value_to.hpp>
#include <catch2/catch.hpp>
#include <sstream>
#include <thread>

#include "proxy/observe/log_limiter.hpp"
#include "proxy/observe/utf8.hpp"

namespace slotway::proxy {
namespace {

std::string text_of(const boost::json::value& value) { return boost::json::value_to<std::string>(value); }

using namespace std::chrono_literals;
using config::LogFormat;

const std::chrono::system_clock::time_point kTime =
    std::chrono::sys_days{std::chrono::year{2024} / 2 / 29} + 7h + 8min + 9s + 45ms;

std::string line(LogFormat format, std::string_view message) {
  return format_log_line(format,
                         {.time = kTime, .level = "warning", .thread = "worker-0", .message = message});
}

TEST_CASE("a log line has time, level, thread and message") {
  CHECK(line(LogFormat::text, "node gone") == "2024-02-29T07:08:09.045Z warning worker-0 node gone\n");
  CHECK(line(LogFormat::json, "node gone") ==
        R"({"time":"2024-02-29T07:08:09.045Z","level":"warning","thread":"worker-0","msg":"node gone"})"
        "\n");
}

TEST_CASE("a time before the epoch and one of a single microsecond keep their shape") {
  const auto at = [](std::chrono::system_clock::time_point time) {
    return format_log_line(LogFormat::text, {.time = time, .level = "info", .thread = "t", .message = "m"});
  };
  CHECK(at(std::chrono::system_clock::time_point{} - 1ms) == "1969-12-31T23:59:59.999Z info t m\n");
  CHECK(at(std::chrono::system_clock::time_point{} + 1us) == "1970-01-01T00:00:00.000Z info t m\n");
}

TEST_CASE("a message of any bytes stays one line") {
  struct Row {
    std::string_view message, text, json;
  };
  using namespace std::string_view_literals;
  const Row rows[] = {
      {""sv, ""sv, R"("")"sv},
      {R"(say "hi" \ there)"sv, R"(say "hi" \ there)"sv, R"("say \"hi\" \\ there")"sv},
      {"a\r\nb\tc"sv, R"(a\x0d\x0ab\x09c)"sv, R"("a\r\nb\tc")"sv},
      {"nul\0esc\x1b[31m\x7f"sv, R"(nul\x00esc\x1b[31m\x7f)"sv, "\"nul\\u0000esc\\u001b[31m\x7f\""sv},
      {"gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80"sv, "gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80"sv,
       "\"gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80\""sv},
      {"bad \xff\xfe"sv, "bad \xef\xbf\xbd\xef\xbf\xbd"sv, "\"bad \xef\xbf\xbd\xef\xbf\xbd\""sv},
  };
  for (const Row& row : rows) {
    INFO(row.json);
    CHECK(line(LogFormat::text, row.message) ==
          "2024-02-29T07:08:09.045Z warning worker-0 " + std::string(row.text) + "\n");
    const std::string json = line(LogFormat::json, row.message);
    CHECK(json.find("\"msg\":" + std::string(row.json) + "}\n") != std::string::npos);
    CHECK(json.find('\n') == json.size() - 1);
    CHECK(text_of(boost::json::parse(json).at("msg")) == to_valid_utf8(row.message));
  }
}

TEST_CASE("spdlog writes its records through the formatter, with the thread's name") {
  std::ostringstream out;
  auto sink = std::make_shared<spdlog::sinks::ostream_sink_mt>(out);
  spdlog::logger logger("test", sink);
  logger.set_formatter(make_log_formatter(LogFormat::json));
  logger.error("lost {}", "\"x\"");  // on the main thread
  const auto record = boost::json::parse(out.str());
  CHECK(text_of(record.at("level")) == "error");
  CHECK(text_of(record.at("msg")) == "lost \"x\"");
  CHECK(record.at("time").as_string().size() == std::string_view("2024-02-29T07:08:09.045Z").size());
  CHECK(text_of(record.at("thread")) == "control");
  out.str("");
  std::thread([&logger] {
    ::pthread_setname_np(::pthread_self(), "worker-7");
    logger.error("lost");
  }).join();
  CHECK(text_of(boost::json::parse(out.str()).at("thread")) == "worker-7");
}

TEST_CASE("set-up makes the default logger as verbose as the configuration says") {
  struct Row {
    config::LogLevel level;
    spdlog::level::level_enum quietest_shown, loudest_hidden;
  };
  const Row rows[] = {
      {config::LogLevel::debug, spdlog::level::debug, spdlog::level::trace},
      {config::LogLevel::info, spdlog::level::info, spdlog::level::debug},
      {config::LogLevel::warn, spdlog::level::warn, spdlog::level::info},
      {config::LogLevel::error, spdlog::level::err, spdlog::level::warn},
  };
  const auto before = spdlog::default_logger();
  for (const Row& row : rows) {
    setup_logging({.level = row.level, .format = LogFormat::text});
    CHECK(spdlog::should_log(row.quietest_shown));
    CHECK_FALSE(spdlog::should_log(row.loudest_hidden));
  }
  spdlog::set_default_logger(before);
}

TEST_CASE("bytes that are no UTF-8 are replaced one by one") {
  struct Row {
    std::string_view in, out;
  };
  const Row rows[] = {
      {"plain", "plain"},
      {"\xc3\xa9", "\xc3\xa9"},                  // two bytes
      {"\xe2\x82\xac", "\xe2\x82\xac"},          // three
      {"\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"},  // four: U+10FFFF
      {"\xc3", "\xef\xbf\xbd"},                  // cut
      {"\x80", "\xef\xbf\xbd"},                  // continuation alone
      {"\xc0\x80", "\xef\xbf\xbd\xef\xbf\xbd"},  // overlong
      {"\xe0\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
      {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},                  // surrogate
      {"\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},  // above U+10FFFF
      {"\xe2\x82"
       "a",
       "\xef\xbf\xbd\xef\xbf\xbd"
       "a"},
      {"\xf0\x9f\x98"
       "a",
       "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
       "a"},
  };
  for (const Row& row : rows) CHECK(to_valid_utf8(row.in) == row.out);
}

TEST_CASE("a repeated warning is written once an interval, with the number left out") {
  LogLimiter limiter(10s);
  const LogLimiter::Clock::time_point start{};
  CHECK(limiter.allow(start) == 0u);
  CHECK(limiter.allow(start) == std::nullopt);
  CHECK(limiter.allow(start + 9999ms) == std::nullopt);
  CHECK(limiter.allow(start + 10s) == 2u);
  CHECK(limiter.allow(start + 15s) == std::nullopt);
  CHECK(limiter.allow(start + 60s) == 1u);
  CHECK(limiter.allow(start + 120s) == 0u);
}

}  // namespace
}  // namespace slotway::proxy
