// The process's log: spdlog's default logger, writing to stderr one line a message, as text or as JSON.
// Owner: main sets it up once, before other threads start. Thread: any may log afterwards.
// Invariant: a message stays one line and valid UTF-8, whatever bytes of a peer it quotes.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "config/config.hpp"

namespace spdlog {
class formatter;
}

namespace slotway::proxy {

void setup_logging(const config::LogConfig& config);
// From now on, while others log. Thread: any.
void change_logging(const config::LogConfig& config);

struct LogRecord {
  std::chrono::system_clock::time_point time;
  std::string_view level;    // "debug", "info", "warning", "error"
  std::string_view thread;   // the thread's name, else its number
  std::string_view message;  // any bytes
};

// One line, its '\n' included. Time is UTC as RFC 3339 with milliseconds.
//   text: 2024-05-01T12:00:00.123Z warning worker-0 message        control bytes are written as \xNN
//   json: {"time":"...","level":"warning","thread":"worker-0","msg":"message"}
std::string format_log_line(config::LogFormat format, const LogRecord& record);

// The same for spdlog's sinks.
std::unique_ptr<spdlog::formatter> make_log_formatter(config::LogFormat format);

}  // namespace slotway::proxy
