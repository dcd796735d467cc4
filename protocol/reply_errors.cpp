#include "protocol/reply_errors.hpp"

#include <algorithm>
#include <cctype>

namespace slotway::protocol::errors {

namespace {

constexpr std::size_t kMaxQuoted = 128;

std::string printable(std::string text) {
  for (char& c : text) {
    if (c == '\r' || c == '\n') c = ' ';
  }
  return text;
}

// What printf's %.128s shows of it.
std::string_view shown(std::string_view text) {
  text = text.substr(0, kMaxQuoted);
  return text.substr(0, text.find('\0'));
}

std::string upper(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return out;
}

}  // namespace

std::string flush_failed(std::string_view text) {
  return std::string(text) + (leaves_doubt(text) ? " (Slotway: the other shards were not flushed)" : "");
}

std::string wrong_arity(const CommandRow& row) {
  return "ERR wrong number of arguments for '" + std::string(row.name) + "' command";
}

std::string unknown_command(const RequestView& request) {
  std::string args;
  for (std::size_t i = 1; i < request.argc() && args.size() < kMaxQuoted; ++i) {
    const std::size_t room = kMaxQuoted - args.size();
    args.append("'").append(shown(request.arg(i)).substr(0, room)).append("' ");
  }
  return printable("ERR unknown command '" + std::string(shown(request.arg(0))) +
                   "', with args beginning with: " + args);
}

std::string unknown_subcommand(const RequestView& request) {
  return printable("ERR unknown subcommand '" + std::string(shown(request.arg(1))) + "'. Try " +
                   upper(request.arg(0)) + " HELP.");
}

std::string unsupported(std::string_view command) {
  return printable("ERR command '" + std::string(shown(command)) + "' is not supported by Slotway");
}

std::string exec_abort(std::string_view error) {
  constexpr std::string_view kCode = "ERR ";
  if (error.starts_with(kCode)) error.remove_prefix(kCode.size());
  return "EXECABORT Transaction discarded because of: " + std::string(error);
}

std::string not_for_subscribers(const CommandRow& row) {
  return "ERR Can't execute '" + std::string(row.name) +
         "': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context";
}

std::string unsupported_in_transaction(std::string_view command) {
  return "ERR command '" + std::string(command) +
         "' is not supported by Slotway inside a transaction; send it before MULTI or after EXEC";
}

std::string for_one_upstream(std::string_view command) {
  return "ERR command '" + std::string(command) +
         "' is for one upstream, and Slotway's routes send keys to several; send it to a listener of that "
         "upstream";
}

std::string not_translated(std::string_view command) {
  return "ERR command '" + std::string(command) +
         "' names keys that Slotway's routes with strip_prefix do not translate";
}

std::string debug_refused(std::string_view subcommand) {
  return printable("ERR DEBUG " + upper(shown(subcommand)) +
                   " is not supported by Slotway: it is for one node alone; send it to that node");
}

std::string setting_refused(std::string_view setting, std::string_view why) {
  return printable("ERR CONFIG SET failed (possibly related to argument '" + std::string(shown(setting)) +
                   "') - " + std::string(why));
}

std::string subcommand_syntax(const RequestView& request) {
  return printable("ERR unknown subcommand or wrong number of arguments for '" +
                   std::string(shown(request.arg(1))) + "'. Try " + upper(request.arg(0)) + " HELP.");
}

std::string unknown_client_type(std::string_view type) {
  return printable("ERR Unknown client type '" + std::string(type.substr(0, type.find('\0'))) + "'");
}

std::string no_such_user(std::string_view user) {
  return printable("ERR No such user '" + std::string(user.substr(0, user.find('\0'))) + "'");
}

std::string unrecognized_option(std::string_view option) {
  return printable("ERR Unrecognized option '" + std::string(option) + "'");
}

std::string bad_client_attribute(std::string_view attribute) {
  return printable("ERR " + std::string(attribute) +
                   " cannot contain spaces, newlines or special characters.");
}

std::string overlapping_prefixes(std::string_view prefix, std::string_view which, std::string_view other) {
  const auto shown_whole = [](std::string_view text) { return std::string(text.substr(0, text.find('\0'))); };
  return printable("ERR Prefix '" + shown_whole(prefix) + "' overlaps with " + std::string(which) +
                   " prefix '" + shown_whole(other) + "'. Prefixes for a single client must not overlap.");
}

std::string hello_option(std::string_view option) {
  return printable("ERR Syntax error in HELLO option '" + std::string(option.substr(0, option.find('\0'))) +
                   "'");
}

}  // namespace slotway::protocol::errors
