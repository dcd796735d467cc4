#include "proxy/client/local_commands.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "protocol/ascii_case.hpp"
#include "protocol/decimal.hpp"
#include "protocol/reply_errors.hpp"
#include "protocol/reply_writer.hpp"
#include "proxy/client/info_text.hpp"

namespace slotway::proxy {

namespace {

namespace errors = protocol::errors;
using protocol::equal_ignore_case;
using protocol::LocalCommand;
using protocol::RequestView;
using protocol::write_bulk;
using protocol::write_error;

// In a time that tells nothing of where they differ.
bool equal_in_constant_time(std::string_view a, std::string_view b) {
  unsigned difference = a.size() == b.size() ? 0 : 1;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference |=
        static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b.empty() ? 0 : b[i % b.size()]);
  }
  return difference == 0;
}

bool is_client_name(std::string_view name) {
  return std::all_of(name.begin(), name.end(), [](char c) { return c >= '!' && c <= '~'; });
}

void ping(const RequestView& request, std::string& out) {
  if (request.argc() > 2) {
    write_error(out, errors::wrong_arity(*protocol::find_command("ping")));
  } else if (request.argc() == 2) {
    write_bulk(out, request.arg(1));
  } else {
    out += protocol::kPong;
  }
}

void select(const RequestView& request, std::string& out) {
  const auto index = protocol::parse_decimal(request.arg(1));
  if (!index) {
    write_error(out, errors::kNotInteger);
  } else if (!std::in_range<std::int32_t>(*index)) {
    write_error(out, errors::kNotInIntRange);
  } else if (*index != 0) {
    write_error(out, errors::kSelectRefused);
  } else {
    out += protocol::kOk;
  }
}

void time(std::string& out) {
  using namespace std::chrono;
  const auto now = duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
  protocol::write_array_header(out, 2);
  write_bulk(out, std::to_string(now / 1'000'000));
  write_bulk(out, std::to_string(now % 1'000'000));
}

void set_name(std::string_view name, ClientSession& session, std::string& out) {
  if (!is_client_name(name)) return write_error(out, errors::kBadClientName);
  session.state().name = name;
  out += protocol::kOk;
}

}  // namespace

void LocalCommands::run(LocalCommand command, const RequestView& request, ClientSession& session,
                        std::string& out) const {
  switch (command) {
    case LocalCommand::ping: return ping(request, out);
    case LocalCommand::echo: return write_bulk(out, request.arg(1));
    case LocalCommand::select: return select(request, out);
    case LocalCommand::time: return time(out);
    case LocalCommand::auth: return auth(request, session, out);
    case LocalCommand::hello: return hello(request, session, out);
    case LocalCommand::client_id:
      return protocol::write_integer(out, static_cast<std::int64_t>(session.state().id));
    case LocalCommand::client_setname: return set_name(request.arg(2), session, out);
    case LocalCommand::client_getname:
      return session.state().name.empty() ? protocol::write_null(out, session.facts().resp3)
                                          : write_bulk(out, session.state().name);
    case LocalCommand::quit:
      session.close_after_replies();
      out += protocol::kOk;
      return;
    case LocalCommand::reset:
      session.state().name.clear();
      session.reset();
      session.state().facts.authenticated = facts_.config.client.requirepass.empty();
      return protocol::write_simple(out, "RESET");
    case LocalCommand::info: {
      std::vector<std::string> sections;
      for (std::size_t i = 1; i < request.argc(); ++i) {
        std::string section(request.arg(i));
        std::transform(section.begin(), section.end(), section.begin(), protocol::ascii_lower);
        sections.push_back(std::move(section));
      }
      return protocol::write_verbatim(out, session.facts().resp3,
                                      info_text(facts_, pool_.topology().get(), sections));
    }
    case LocalCommand::readonly:
    case LocalCommand::readwrite:
    case LocalCommand::asking: return write_error(out, errors::kClusterDisabled);
    case LocalCommand::multi:
    case LocalCommand::exec:
    case LocalCommand::discard:
    case LocalCommand::watch:
    case LocalCommand::unwatch:
    case LocalCommand::none: break;
  }
  write_error(out, errors::unsupported(request.arg(0)));
}

bool LocalCommands::password_matches(std::string_view user, std::string_view password) const {
  const std::string& required = facts_.config.client.requirepass;
  // As Redis's default user: without a password configured it takes any.
  return user == "default" && (required.empty() || equal_in_constant_time(password, required));
}

void LocalCommands::auth(const RequestView& request, ClientSession& session, std::string& out) const {
  if (request.argc() > 3) return write_error(out, errors::kSyntax);
  const bool with_user = request.argc() == 3;
  if (!with_user && facts_.config.client.requirepass.empty())
    return write_error(out, errors::kAuthWithoutPassword);
  if (!password_matches(with_user ? request.arg(1) : "default", request.arg(with_user ? 2 : 1))) {
    return write_error(out, errors::kWrongPass);
  }
  session.state().facts.authenticated = true;
  out += protocol::kOk;
}

void LocalCommands::hello(const RequestView& request, ClientSession& session, std::string& out) const {
  // --- the protocol ---
  std::size_t at = 1;
  bool resp3 = session.facts().resp3;
  if (request.argc() > 1) {
    const auto version = protocol::parse_decimal(request.arg(at++));
    if (!version) return write_error(out, errors::kProtoNotInteger);
    if (*version != 2 && *version != 3) return write_error(out, errors::kNoProto);
    resp3 = *version == 3;
  }

  // --- the options, each taking effect as it is read ---
  for (; at < request.argc(); ++at) {
    const std::string_view option = request.arg(at);
    const std::size_t more = request.argc() - 1 - at;
    if (equal_ignore_case(option, "auth") && more >= 2) {
      if (!password_matches(request.arg(at + 1), request.arg(at + 2)))
        return write_error(out, errors::kWrongPass);
      session.state().facts.authenticated = true;
      at += 2;
    } else if (equal_ignore_case(option, "setname") && more >= 1) {
      if (!is_client_name(request.arg(at + 1))) return write_error(out, errors::kBadClientName);
      session.state().name = request.arg(++at);
    } else {
      return write_error(out, errors::hello_option(option));
    }
  }
  if (!session.facts().authenticated) return write_error(out, errors::kHelloNoAuth);
  session.speak(resp3);
  hello_reply(session, out);
}

void LocalCommands::hello_reply(const ClientSession& session, std::string& out) const {
  protocol::write_map_header(out, session.facts().resp3, 7);
  write_bulk(out, "server");
  write_bulk(out, "redis");
  write_bulk(out, "version");
  write_bulk(out, server_version());
  write_bulk(out, "proto");
  protocol::write_integer(out, session.facts().resp3 ? 3 : 2);
  write_bulk(out, "id");
  protocol::write_integer(out, static_cast<std::int64_t>(session.state().id));
  write_bulk(out, "mode");
  write_bulk(out, "standalone");
  write_bulk(out, "role");
  write_bulk(out, "master");
  write_bulk(out, "modules");
  protocol::write_array_header(out, 0);
}

std::string LocalCommands::server_version() const {
  const auto& topology = pool_.topology();
  return topology && !topology->server_version().empty() ? topology->server_version() : "0.0.0";
}

}  // namespace slotway::proxy
