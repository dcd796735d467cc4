// What is logged while it lives, instead of on the screen. Owner: a test. Thread: any. Invariant: one at a
// time; the logger from before is back afterwards.
#pragma once

#include <memory>
#include <string>

namespace slotway::kit {

class CapturedLog {
 public:
  CapturedLog();
  ~CapturedLog();
  CapturedLog(const CapturedLog&) = delete;
  CapturedLog& operator=(const CapturedLog&) = delete;

  std::string text() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace slotway::kit
