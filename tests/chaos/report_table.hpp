// The figures as text: one line for each fault as soon as it is over, and what belongs to it. Owner: main.
// Thread: main's. Invariant: as Markdown the lines are one table, what belongs to them stands behind it.
#pragma once

#include <string>

#include "tests/chaos/fault_run.hpp"

namespace slotway::chaos {

class ReportTable {
 public:
  explicit ReportTable(bool as_markdown) : as_markdown_(as_markdown) {}

  void print_heading() const;
  void print(const FaultReport& report);
  // What was kept for the end.
  void print_rest() const;

 private:
  bool as_markdown_;
  std::string rest_;
};

}  // namespace slotway::chaos
