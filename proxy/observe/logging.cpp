#include "proxy/observe/logging.hpp"

#include <pthread.h>
#include <spdlog/fmt/fmt.h>
#include <spdlog/formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <array>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "proxy/observe/utf8.hpp"

namespace slotway::proxy {
namespace {

std::string rfc3339(std::chrono::system_clock::time_point time) {
  using namespace std::chrono;
  const auto since_epoch = floor<milliseconds>(time);
  const auto day = floor<days>(since_epoch);
  const year_month_day date(day);
  const hh_mm_ss clock(since_epoch - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     clock.subseconds().count());
}

std::string without_control_bytes(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", byte);
    } else {
      out.push_back(c);
    }
  }
  return out;
}

// Workers name their threads; the name is read on the logging thread itself. The control thread is the main
// one, whose name is the program's and stays it: ps and pgrep go by it.
std::string thread_label(std::size_t thread_id) {
  if (thread_id == static_cast<std::size_t>(::getpid())) return "control";
  std::array<char, 16> name{};
  if (pthread_getname_np(pthread_self(), name.data(), name.size()) == 0 && name[0] != '\0')
    return name.data();
  return std::to_string(thread_id);
}

class LineFormatter final : public spdlog::formatter {
 public:
  explicit LineFormatter(config::LogFormat format) : format_(format) {}

  void format(const spdlog::details::log_msg& msg, spdlog::memory_buf_t& out) override {
    const auto level = spdlog::level::to_string_view(msg.level);
    const std::string thread = thread_label(msg.thread_id);
    const std::string line = format_log_line(format_, {.time = msg.time,
                                                       .level = {level.data(), level.size()},
                                                       .thread = thread,
                                                       .message = {msg.payload.data(), msg.payload.size()}});
    out.append(line.data(), line.data() + line.size());
  }
  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<LineFormatter>(format_);
  }

 private:
  config::LogFormat format_;
};

spdlog::level::level_enum spdlog_level(config::LogLevel level) {
  switch (level) {
    case config::LogLevel::debug: return spdlog::level::debug;
    case config::LogLevel::info: return spdlog::level::info;
    case config::LogLevel::warn: return spdlog::level::warn;
    case config::LogLevel::error: return spdlog::level::err;
  }
  return spdlog::level::info;
}

}  // namespace

std::string format_log_line(config::LogFormat format, const LogRecord& record) {
  const std::string time = rfc3339(record.time);
  const std::string message = to_valid_utf8(record.message);
  if (format == config::LogFormat::text) {
    return fmt::format("{} {} {} {}\n", time, record.level, record.thread, without_control_bytes(message));
  }
  const boost::json::object line{
      {"time", time}, {"level", record.level}, {"thread", to_valid_utf8(record.thread)}, {"msg", message}};
  return boost::json::serialize(line) + "\n";
}

std::unique_ptr<spdlog::formatter> make_log_formatter(config::LogFormat format) {
  return std::make_unique<LineFormatter>(format);
}

void setup_logging(const config::LogConfig& config) {
  spdlog::set_default_logger(
      std::make_shared<spdlog::logger>("slotway", std::make_shared<spdlog::sinks::stderr_sink_mt>()));
  change_logging(config);
}

void change_logging(const config::LogConfig& config) {
  const auto logger = spdlog::default_logger();
  logger->set_formatter(make_log_formatter(config.format));
  logger->set_level(spdlog_level(config.level));
}

}  // namespace slotway::proxy
