#include "proxy/upstream/auth_error.hpp"

#include <algorithm>

namespace slotway::proxy {

namespace {

constexpr std::size_t kMaxCode = 32;

bool is_code(std::string_view word) {
  return !word.empty() && word.size() <= kMaxCode &&
         std::all_of(word.begin(), word.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

}  // namespace

std::string explain_auth_error(std::string_view text, std::string_view options) {
  const std::string username = std::string(options) + "username";
  const std::string password = std::string(options) + "password";
  if (text.find("without any password configured") != std::string_view::npos ||
      text.find("no password is set") != std::string_view::npos) {
    return "the node has no password, but " + password + " is set: remove it, or set requirepass on the node";
  }
  const std::string_view code = text.substr(0, text.find(' '));
  if (code == "WRONGPASS" || text.starts_with("ERR invalid password")) {
    return "wrong username or password: check " + username + " and " + password + " (or " + password +
           "_file)";
  }
  return "AUTH was refused with " + (is_code(code) ? std::string(code) : std::string("an error")) +
         ": check " + username + " and " + password;
}

}  // namespace slotway::proxy
