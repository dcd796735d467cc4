#include "config/problem.hpp"

#include <algorithm>
#include <tuple>

namespace slotway::config {
namespace {

std::tuple<int, std::string, int> rank(const Problem& problem) {
  const bool nobody = problem.origin.source == Source::defaults;
  const int source = nobody ? static_cast<int>(Source::flag) + 1 : static_cast<int>(problem.origin.source);
  const bool in_file = problem.origin.source == Source::file;
  return {source, in_file ? problem.origin.name : std::string(), problem.origin.line};
}

}  // namespace

std::string Problem::text() const {
  const bool show_path = origin.source == Source::file || origin.source == Source::defaults;
  std::string out = origin.label();
  if (show_path && !path.empty()) {
    if (!out.empty()) out += ": ";
    out += path;
  }
  return out + ": " + complaint.what + "; " + complaint.advice;
}

void sort_problems(std::vector<Problem>& problems) {
  std::stable_sort(problems.begin(), problems.end(),
                   [](const Problem& left, const Problem& right) { return rank(left) < rank(right); });
}

std::string printable(std::string_view value, std::size_t longest) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  for (const char c : value.substr(0, longest)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7f) {
      out += c;
    } else {
      out += "\\x";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  if (value.size() > longest) out += "...";
  return out;
}

std::string quoted(std::string_view value, std::size_t longest) {
  return "'" + printable(value, longest) + "'";
}

}  // namespace slotway::config
