#include "config/secret_file.hpp"

#include <array>
#include <optional>
#include <utility>

#include "config/text_file.hpp"

namespace slotway::config {
namespace {

constexpr std::size_t kLargestSecretFile = 64 * 1024;
constexpr std::string_view kDirective = "requirepass";
constexpr std::string_view kBlanks = " \t";

std::string_view trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

bool is_directive(std::string_view word) {
  if (word.size() != kDirective.size()) return false;
  for (std::size_t i = 0; i < word.size(); ++i) {
    const char lower = word[i] >= 'A' && word[i] <= 'Z' ? static_cast<char>(word[i] - 'A' + 'a') : word[i];
    if (lower != kDirective[i]) return false;
  }
  return true;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// What a backslash and the characters behind it mean between double quotes; advances `at` to the last of
// them.
char unescape(std::string_view text, std::size_t& at) {
  static constexpr std::array<std::pair<char, char>, 5> kEscapes{
      {{'n', '\n'}, {'r', '\r'}, {'t', '\t'}, {'b', '\b'}, {'a', '\a'}}};
  const char kind = text[++at];
  if (kind == 'x' && at + 2 < text.size() && hex_digit(text[at + 1]) >= 0 && hex_digit(text[at + 2]) >= 0) {
    const int value = hex_digit(text[at + 1]) * 16 + hex_digit(text[at + 2]);
    at += 2;
    return static_cast<char>(value);
  }
  for (const auto& [name, value] : kEscapes) {
    if (name == kind) return value;
  }
  return kind;
}

// One word by the quoting rules of redis.conf (sdssplitargs in the server's sds.c); nothing if it is not one
// word.
std::optional<std::string> one_word(std::string_view text) {
  const char quote = !text.empty() && (text[0] == '"' || text[0] == '\'') ? text[0] : '\0';
  if (quote == '\0') {
    if (text.empty() || text.find_first_of(kBlanks) != std::string_view::npos) return std::nullopt;
    return std::string(text);
  }
  std::string word;
  for (std::size_t at = 1; at < text.size(); ++at) {
    const bool has_next = at + 1 < text.size();
    if (text[at] == quote) return has_next ? std::nullopt : std::optional(word);
    if (quote == '"' && text[at] == '\\' && has_next) {
      word += unescape(text, at);
    } else if (quote == '\'' && text[at] == '\\' && has_next && text[at + 1] == '\'') {
      word += text[++at];
    } else {
      word += text[at];
    }
  }
  return std::nullopt;
}

}  // namespace

Parsed<std::string> parse_secret(std::string_view content) {
  std::string_view line = content.substr(0, content.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (trim(line).empty())
    return Complaint{"its first line is empty", "write the password into the first line"};

  const std::string_view words = trim(line);
  const std::size_t blank = words.find_first_of(kBlanks);
  if (blank == std::string_view::npos || !is_directive(words.substr(0, blank))) return std::string(line);
  const auto password = one_word(trim(words.substr(blank)));
  if (!password || password->empty()) {
    return Complaint{"its first line is not `requirepass PASSWORD`", "write one password behind requirepass"};
  }
  return *password;
}

Parsed<std::string> read_secret_file(const std::string& path) {
  const auto content = read_text_file(path, kLargestSecretFile);
  if (const auto* failure = std::get_if<ReadFailure>(&content)) {
    return Complaint{"cannot read " + quoted(path, path.size()) + ": " + failure->reason,
                     "check the path, and that Slotway's user may read it", failure->is_missing};
  }
  auto secret = parse_secret(std::get<std::string>(content));
  if (auto* complaint = std::get_if<Complaint>(&secret))
    complaint->what = quoted(path, path.size()) + ": " + complaint->what;
  return secret;
}

}  // namespace slotway::config
