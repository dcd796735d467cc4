#include "tests/kit/captured_log.hpp"

#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <mutex>

namespace slotway::kit {
namespace {

class TextSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  std::string text() {
    const std::lock_guard lock(mutex_);
    return text_;
  }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    text_.append(message.payload.data(), message.payload.size());
    text_ += '\n';
  }
  void flush_() override {}

 private:
  std::string text_;
};

}  // namespace

struct CapturedLog::State {
  std::shared_ptr<spdlog::logger> before = spdlog::default_logger();
  std::shared_ptr<TextSink> sink = std::make_shared<TextSink>();
};

CapturedLog::CapturedLog() : state_(std::make_unique<State>()) {
  spdlog::set_default_logger(std::make_shared<spdlog::logger>("test", state_->sink));
  spdlog::set_level(spdlog::level::debug);
}

CapturedLog::~CapturedLog() { spdlog::set_default_logger(state_->before); }

std::string CapturedLog::text() const { return state_->sink->text(); }

}  // namespace slotway::kit
