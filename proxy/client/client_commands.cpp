#include "proxy/client/client_commands.hpp"

#include <algorithm>
#include <chrono>
#include <variant>

#include "protocol/ascii_case.hpp"
#include "protocol/decimal.hpp"
#include "protocol/reply_errors.hpp"
#include "protocol/reply_writer.hpp"
#include "proxy/client/entrance.hpp"
#include "proxy/client/tracking_options.hpp"

namespace slotway::proxy {

namespace {

namespace errors = protocol::errors;
using protocol::equal_ignore_case;
using protocol::LocalCommand;
using protocol::RequestView;
using protocol::write_error;

constexpr protocol::Family kFamily = protocol::Family::connection;
// Longer pauses are as good as this one, and fit into the clock.
constexpr std::int64_t kLongestPauseMs = 1'000'000'000'000;

void set_name(std::string_view name, ClientSession& session, std::string& out) {
  if (!is_client_name(name)) return write_error(out, errors::kBadClientName);
  session.state().name = name;
  out += protocol::kOk;
}

void get_name(const ClientSession& session, std::string& out) {
  const std::string& name = session.state().name;
  if (name.empty()) {
    protocol::write_null(out, session.facts().resp3);
  } else {
    protocol::write_bulk(out, name);
  }
}

void reply_mode(std::string_view mode, SessionState& state, std::string& out) {
  if (equal_ignore_case(mode, "on")) {
    state.reply_off = false;
    state.skip_reply = false;
    out += protocol::kOk;
  } else if (equal_ignore_case(mode, "off")) {
    state.reply_off = true;
    state.skip_reply = false;
  } else if (equal_ignore_case(mode, "skip")) {
    state.skip_reply = !state.reply_off;
  } else {
    write_error(out, errors::kSyntax);
  }
}

void no_evict(std::string_view mode, SessionState& state, std::string& out) {
  if (!equal_ignore_case(mode, "on") && !equal_ignore_case(mode, "off"))
    return write_error(out, errors::kSyntax);
  state.no_evict = equal_ignore_case(mode, "on");
  out += protocol::kOk;
}

void set_info(const RequestView& request, SessionState& state, std::string& out) {
  const std::string_view option = request.arg(2);
  const bool is_name = equal_ignore_case(option, "lib-name");
  if (!is_name && !equal_ignore_case(option, "lib-ver"))
    return write_error(out, errors::unrecognized_option(option));
  if (!is_client_name(request.arg(3))) return write_error(out, errors::bad_client_attribute(option));
  (is_name ? state.lib_name : state.lib_version) = request.arg(3);
  out += protocol::kOk;
}

// ON has a reply slot of its own.
void tracking(const RequestView& request, ClientSession& session, std::string& out) {
  auto wanted = parse_tracking(request, session.tracking());
  if (const auto* error = std::get_if<std::string>(&wanted)) return write_error(out, *error);
  if (auto* on = std::get_if<ClientTracking>(&wanted)) return session.start_tracking(std::move(*on));
  session.stop_tracking();
  out += protocol::kOk;
}

void caching(std::string_view mode, ClientSession& session, std::string& out) {
  if (!session.tracking()) return write_error(out, errors::kCachingWithoutTracking);
  const std::string error = caching_error(mode, *session.tracking());
  if (!error.empty()) return write_error(out, error);
  session.note_caching();
  out += protocol::kOk;
}

std::int64_t redirect_of(const ClientTracking* tracking) {
  return tracking ? static_cast<std::int64_t>(tracking->redirect) : -1;
}

}  // namespace

bool is_client_name(std::string_view name) {
  return std::all_of(name.begin(), name.end(), [](char c) { return c >= '!' && c <= '~'; });
}

void ClientCommands::run(LocalCommand command, const RequestView& request, ClientSession& session,
                         std::string& out) const {
  switch (command) {
    case LocalCommand::client_id:
      return protocol::write_integer(out, static_cast<std::int64_t>(session.state().id));
    case LocalCommand::client_getname: return get_name(session, out);
    case LocalCommand::client_setname: return set_name(request.arg(2), session, out);
    case LocalCommand::client_info:
      return protocol::write_verbatim(out, session.facts().resp3, session.describe().line() + "\n");
    case LocalCommand::client_list: return list(request, session, out);
    case LocalCommand::client_kill: return kill(request, session, out);
    case LocalCommand::client_pause: return pause(request, session, out);
    case LocalCommand::client_unpause:
      return desk_.ask(session, kFamily, {.kind = ClientQuestion::Kind::unpause});
    case LocalCommand::client_unblock: return unblock(request, session, out);
    case LocalCommand::client_reply: return reply_mode(request.arg(2), session.state(), out);
    case LocalCommand::client_no_evict: return no_evict(request.arg(2), session.state(), out);
    case LocalCommand::client_setinfo: return set_info(request, session.state(), out);
    case LocalCommand::client_getredir: return protocol::write_integer(out, redirect_of(session.tracking()));
    case LocalCommand::client_trackinginfo:
      return write_tracking_info(out, session.facts().resp3, session.tracking());
    case LocalCommand::client_tracking: return tracking(request, session, out);
    case LocalCommand::client_caching: return caching(request.arg(2), session, out);
    case LocalCommand::pubsub_channels:
    case LocalCommand::pubsub_numsub:
    case LocalCommand::pubsub_numpat:
    case LocalCommand::pubsub_shardchannels:
    case LocalCommand::pubsub_shardnumsub: return pubsub(command, request, session, out);
    default: return write_error(out, errors::unsupported(request.arg(0)));
  }
}

void ClientCommands::list(const RequestView& request, ClientSession& session, std::string& out) const {
  auto filter = parse_client_list(request);
  if (const auto* error = std::get_if<std::string>(&filter)) return write_error(out, *error);
  desk_.ask(session, kFamily,
            {.kind = ClientQuestion::Kind::list, .filter = std::move(std::get<ClientFilter>(filter))});
}

void ClientCommands::kill(const RequestView& request, ClientSession& session, std::string& out) const {
  auto filter = parse_client_kill(request, session.state().id);
  if (const auto* error = std::get_if<std::string>(&filter)) return write_error(out, *error);
  const auto& user = std::get<ClientFilter>(filter).user;
  if (user && !session.entrance().config.client.has_user(*user))
    return write_error(out, errors::no_such_user(*user));
  desk_.ask(session, kFamily,
            {.kind = ClientQuestion::Kind::kill, .filter = std::move(std::get<ClientFilter>(filter))});
}

void ClientCommands::unblock(const RequestView& request, ClientSession& session, std::string& out) const {
  ClientQuestion question{.kind = ClientQuestion::Kind::unblock};
  if (request.argc() > 4) return write_error(out, errors::subcommand_syntax(request));
  if (request.argc() == 4) {
    question.with_error = equal_ignore_case(request.arg(3), "error");
    if (!question.with_error && !equal_ignore_case(request.arg(3), "timeout")) {
      return write_error(out, errors::kBadUnblockReason);
    }
  }
  const auto id = protocol::parse_decimal(request.arg(2));
  if (!id) return write_error(out, errors::kNotInteger);
  question.blocked = static_cast<std::uint64_t>(*id);
  desk_.ask(session, kFamily, std::move(question));
}

void ClientCommands::pause(const RequestView& request, ClientSession& session, std::string& out) const {
  ClientPause pause;
  pause.mode = ClientPause::Mode::all;
  if (request.argc() > 4) return write_error(out, errors::subcommand_syntax(request));
  if (request.argc() == 4) {
    if (equal_ignore_case(request.arg(3), "write")) {
      pause.mode = ClientPause::Mode::write;
    } else if (!equal_ignore_case(request.arg(3), "all")) {
      return write_error(out, errors::kBadPauseMode);
    }
  }
  const auto milliseconds = protocol::parse_decimal(request.arg(2));
  if (!milliseconds) return write_error(out, errors::kTimeoutNotInteger);
  if (*milliseconds < 0) return write_error(out, errors::kTimeoutNegative);
  pause.until = desk_.now() + std::chrono::milliseconds(std::min(*milliseconds, kLongestPauseMs));
  desk_.ask(session, kFamily, {.kind = ClientQuestion::Kind::pause, .pause = pause});
}

void ClientCommands::pubsub(LocalCommand command, const RequestView& request, ClientSession& session,
                            std::string& out) const {
  auto asked = parse_subscription_question(command, request);
  if (!asked) return write_error(out, errors::subcommand_syntax(request));
  ClientQuestion question;
  question.kind = ClientQuestion::Kind::subscriptions;
  question.subscriptions = std::move(*asked);
  desk_.ask(session, protocol::Family::pubsub, std::move(question));
}

}  // namespace slotway::proxy
