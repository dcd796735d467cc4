#include "tests/chaos/report_table.hpp"

#include <algorithm>
#include <cstdio>
#include <vector>

namespace slotway::chaos {
namespace {

struct Column {
  const char* name;
  int width;
};
constexpr Column kColumns[] = {{"fault", 15},      {"s", 5},      {"requests", 8}, {"good", 8},
                               {"errors", 7},      {"wrong", 5},  {"unknown", 7},  {"client gap ms", 13},
                               {"all gap ms", 10}, {"p50 ms", 6}, {"p99 ms", 7},   {"verdict", 7}};

std::string fixed(double value, int decimals) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.*f", decimals, value);
  return text;
}

std::string milliseconds(std::chrono::nanoseconds time) {
  return fixed(std::chrono::duration<double, std::milli>(time).count(), 0);
}

std::string verdict(const Findings& findings) {
  if (!findings.failures.empty()) {
    // The first line of the first: an exception's text may hold a log.
    const std::string& reason = findings.failures.front();
    return "FAILED: " + reason.substr(0, reason.find('\n'));
  }
  return findings.skipped.empty() ? "ok" : "skipped: " + findings.skipped;
}

std::vector<std::string> cells(const FaultReport& report) {
  const kit::LoadResult& load = report.load;
  return {report.name,
          fixed(report.seconds, 1),
          std::to_string(load.requests),
          std::to_string(load.replies),
          std::to_string(load.error_count()),
          std::to_string(load.wrong),
          std::to_string(load.unknown),
          milliseconds(load.longest_wait),
          milliseconds(load.longest_gap),
          fixed(load.latency.percentile_ms(0.5), 2),
          fixed(load.latency.percentile_ms(0.99), 2),
          verdict(report.findings)};
}

std::string line_of(const std::vector<std::string>& cells, bool as_markdown) {
  std::string line = as_markdown ? "|" : "";
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const auto width = static_cast<std::size_t>(kColumns[i].width);
    const std::string padding(width - std::min(width, cells[i].size()), ' ');
    const bool to_the_left = i == 0 || i + 1 == cells.size();
    if (as_markdown) {
      line += " " + cells[i] + " |";
    } else {
      line += (i > 0 ? "  " : "") + (to_the_left ? cells[i] + padding : padding + cells[i]);
    }
  }
  return line + "\n";
}

std::string details_of(const FaultReport& report, const std::string& indent) {
  std::string out;
  const auto add = [&](const std::string& text) { out += indent + text + "\n"; };
  for (const std::string& note : report.findings.notes) add(note);
  for (const std::string& failure : report.findings.failures) add("failed: " + failure);
  for (const auto& [text, times] : report.load.errors) add(std::to_string(times) + " x " + text);
  for (const std::string& example : report.load.wrong_examples) add("wrong: " + example);
  for (const std::string& remark : report.remarks) add("log: " + remark);
  return out;
}

}  // namespace

void ReportTable::print_heading() const {
  std::vector<std::string> names;
  std::string rule = "|";
  for (const Column& column : kColumns) {
    names.emplace_back(column.name);
    rule += names.size() == 1 || names.size() == std::size(kColumns) ? "---|" : "---:|";
  }
  const std::string line = line_of(names, as_markdown_) + (as_markdown_ ? rule + "\n" : "");
  std::fputs(line.c_str(), stdout);
  std::fflush(stdout);
}

void ReportTable::print(const FaultReport& report) {
  std::string text = line_of(cells(report), as_markdown_);
  const std::string details = details_of(report, as_markdown_ ? "  - " : "    ");
  if (!as_markdown_) {
    text += details;
  } else if (!details.empty()) {
    rest_ += "- " + report.name + "\n" + details;
  }
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
}

void ReportTable::print_rest() const {
  if (!rest_.empty()) std::printf("\n%s", rest_.c_str());
}

}  // namespace slotway::chaos
