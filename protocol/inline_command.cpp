#include "protocol/inline_command.hpp"

namespace slotway::protocol {

namespace {

// What may stand between words and behind a closing quote.
bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r') || c == '\0'; }
// What ends a word outside quotes: \v and \f do not.
bool ends_word(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\0'; }

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

char unescape(char c) {
  switch (c) {
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'b': return '\b';
    case 'a': return '\a';
    default: return c;
  }
}

// The quoted part that starts at `at` (behind the opening quote). Moves `at` behind the closing quote.
bool take_quoted(std::string_view line, std::size_t& at, char quote, std::string& word) {
  while (at < line.size()) {
    const char c = line[at++];
    if (c == quote) return at == line.size() || is_blank(line[at]);
    if (c != '\\' || at == line.size()) {
      word += c;
    } else if (quote == '\'') {
      word += line[at] == '\'' ? line[at++] : c;
    } else if (line[at] == 'x' && at + 2 < line.size() && hex_value(line[at + 1]) >= 0 &&
               hex_value(line[at + 2]) >= 0) {
      word += static_cast<char>(hex_value(line[at + 1]) * 16 + hex_value(line[at + 2]));
      at += 3;
    } else {
      word += unescape(line[at++]);
    }
  }
  return false;
}

}  // namespace

bool split_inline(std::string_view line, std::vector<std::string>& words) {
  std::size_t at = 0;
  while (true) {
    while (at < line.size() && is_blank(line[at])) ++at;
    if (at == line.size()) return true;
    std::string word;
    while (at < line.size() && !ends_word(line[at])) {
      const char c = line[at++];
      if (c == '"' || c == '\'') {
        if (!take_quoted(line, at, c, word)) return false;
        break;
      }
      word += c;
    }
    words.push_back(std::move(word));
  }
}

}  // namespace slotway::protocol
