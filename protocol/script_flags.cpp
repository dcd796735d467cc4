#include "protocol/script_flags.hpp"

namespace slotway::protocol {

namespace {

// The next word up to `separator`, which is taken out of `rest` with it.
std::string_view take_word(std::string_view& rest, char separator) {
  const std::size_t end = rest.find(separator);
  const std::string_view word = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return word;
}

}  // namespace

bool declares_no_writes(std::string_view script) {
  constexpr std::string_view kFlags = "flags=";
  const std::size_t line_end = script.find('\n');
  if (line_end == std::string_view::npos) return false;
  std::string_view line = script.substr(0, line_end);
  if (take_word(line, ' ') != "#!lua") return false;
  while (!line.empty()) {
    std::string_view word = take_word(line, ' ');
    if (!word.starts_with(kFlags)) continue;
    word.remove_prefix(kFlags.size());
    while (!word.empty()) {
      if (take_word(word, ',') == "no-writes") return true;
    }
  }
  return false;
}

}  // namespace slotway::protocol
