#include "proxy/client/local_commands.hpp"

#include <chrono>
#include <utility>

#include "protocol/ascii_case.hpp"
#include "protocol/decimal.hpp"
#include "protocol/reply_errors.hpp"
#include "protocol/reply_writer.hpp"
#include "proxy/client/acl_commands.hpp"
#include "proxy/client/info_text.hpp"
#include "proxy/client/sentinel_view.hpp"

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

void ping(const RequestView& request, const ClientSession& session, std::string& out) {
  if (request.argc() > 2) {
    write_error(out, errors::wrong_arity(*protocol::find_command("ping")));
  } else if (session.facts().subscriber && !session.facts().resp3) {
    // A subscriber that speaks RESP2 could take a plain reply for a message (pingCommand).
    protocol::write_array_header(out, 2);
    write_bulk(out, "pong");
    write_bulk(out, request.argc() == 2 ? request.arg(1) : "");
  } else if (request.argc() == 2) {
    write_bulk(out, request.arg(1));
  } else {
    out += protocol::kPong;
  }
}

void select(const RequestView& request, std::uint32_t databases, bool is_cluster, ClientSession& session,
            std::string& out) {
  const auto index = protocol::parse_decimal(request.arg(1));
  if (!index) {
    write_error(out, errors::kNotInteger);
  } else if (!std::in_range<std::int32_t>(*index)) {
    write_error(out, errors::kNotInIntRange);
  } else if (is_cluster && *index != 0) {
    write_error(out, errors::kSelectRefused);
  } else if (*index < 0 || *index >= databases) {
    write_error(out, errors::kNoSuchDatabase);
  } else {
    session.select(static_cast<std::uint16_t>(*index));
    out += protocol::kOk;
  }
}

// One server that takes writes, and has no replicas that a client might go to instead.
void role(std::string& out) {
  protocol::write_array_header(out, 3);
  write_bulk(out, "master");
  protocol::write_integer(out, 0);
  protocol::write_array_header(out, 0);
}

void time(std::string& out) {
  using namespace std::chrono;
  const auto now = duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
  protocol::write_array_header(out, 2);
  write_bulk(out, std::to_string(now / 1'000'000));
  write_bulk(out, std::to_string(now % 1'000'000));
}

}  // namespace

void LocalCommands::run(LocalCommand command, const RequestView& request, ClientSession& session,
                        std::string& out) const {
  switch (command) {
    case LocalCommand::ping: return ping(request, session, out);
    case LocalCommand::echo: return write_bulk(out, request.arg(1));
    case LocalCommand::select:
      return select(request, databases(), !config_.upstream.is_one_shard(), session, out);
    case LocalCommand::time: return time(out);
    case LocalCommand::role: return role(out);
    case LocalCommand::auth: return auth(request, session, out);
    case LocalCommand::hello: return hello(request, session, out);
    case LocalCommand::client_id:
    case LocalCommand::client_setname:
    case LocalCommand::client_getname:
    case LocalCommand::client_info:
    case LocalCommand::client_list:
    case LocalCommand::client_kill:
    case LocalCommand::client_pause:
    case LocalCommand::client_unpause:
    case LocalCommand::client_unblock:
    case LocalCommand::client_reply:
    case LocalCommand::client_no_evict:
    case LocalCommand::client_setinfo:
    case LocalCommand::client_getredir:
    case LocalCommand::client_trackinginfo:
    case LocalCommand::client_tracking:
    case LocalCommand::client_caching:
    case LocalCommand::pubsub_channels:
    case LocalCommand::pubsub_numsub:
    case LocalCommand::pubsub_numpat:
    case LocalCommand::pubsub_shardchannels:
    case LocalCommand::pubsub_shardnumsub: return client_.run(command, request, session, out);
    case LocalCommand::client_no_touch: return no_touch(request, session, out);
    case LocalCommand::cluster_slots:
    case LocalCommand::cluster_shards:
    case LocalCommand::cluster_nodes:
    case LocalCommand::cluster_info:
    case LocalCommand::cluster_myid:
    case LocalCommand::cluster_keyslot:
    case LocalCommand::readonly:
    case LocalCommand::readwrite:
    case LocalCommand::asking: return cluster_.run(command, request, session, out);
    case LocalCommand::acl_whoami:
    case LocalCommand::acl_users:
    case LocalCommand::acl_list:
    case LocalCommand::acl_getuser:
      return run_acl(command, request, config_.client, session.state().user, session.facts().resp3, out);
    case LocalCommand::quit:
      session.close_after_replies();
      out += protocol::kOk;
      return;
    case LocalCommand::reset: return reset(session, out);
    case LocalCommand::info: return info(request, session, out);
    case LocalCommand::monitor:  // the session does it
    case LocalCommand::multi:
    case LocalCommand::exec:
    case LocalCommand::discard:
    case LocalCommand::watch:
    case LocalCommand::unwatch:
    // The worker's subscriptions take these.
    case LocalCommand::subscribe:
    case LocalCommand::unsubscribe:
    case LocalCommand::psubscribe:
    case LocalCommand::punsubscribe:
    case LocalCommand::ssubscribe:
    case LocalCommand::sunsubscribe:
    case LocalCommand::none: break;
  }
  write_error(out, errors::unsupported(request.arg(0)));
}

bool LocalCommands::run_sentinel(const RequestView& request, const ClientSession& session,
                                 std::string& out) const {
  if (!config_.client.sentinel_view || !equal_ignore_case(request.arg(0), "sentinel")) return false;
  if (!session.facts().authenticated) {
    write_error(out, errors::kNoAuth);
    return true;
  }
  write_sentinel_reply(request,
                       {config_.upstream.master_name, cluster_.own_address(session), facts_.run_id,
                        pool_.topology() != nullptr, session.facts().resp3},
                       out);
  return true;
}

bool LocalCommands::script_runs_long() const {
  return std::any_of(facts_.workers.begin(), facts_.workers.end(),
                     [](const WorkerCounters* worker) { return worker->long_scripts.get() > 0; });
}

std::string LocalCommands::own_info(const routing::InfoSections& sections) const {
  return info_text(facts_, listener_, config_, pool_.topology().get(), sections);
}

void LocalCommands::info(const RequestView& request, const ClientSession& session, std::string& out) const {
  protocol::write_verbatim(out, session.facts().resp3, own_info(routing::InfoSections(request)));
}

bool LocalCommands::password_matches(std::string_view user, std::string_view password) const {
  const config::ClientConfig& client = config_.client;
  // As Redis's default user: without a password configured it takes any.
  if (user == "default" && client.default_user_is_on())
    return client.requirepass.empty() || equal_in_constant_time(password, client.requirepass);
  bool matches = false;
  for (const config::ClientUser& known : client.users)
    matches = (known.name == user && equal_in_constant_time(password, known.password)) || matches;
  return matches;
}

void LocalCommands::log_in(ClientSession& session, std::string_view user) {
  session.state().facts.authenticated = true;
  session.state().user = user;
}

void LocalCommands::auth(const RequestView& request, ClientSession& session, std::string& out) const {
  if (request.argc() > 3) return write_error(out, errors::kSyntax);
  const bool with_user = request.argc() == 3;
  if (!with_user && !config_.client.needs_login()) return write_error(out, errors::kAuthWithoutPassword);
  const std::string_view user = with_user ? request.arg(1) : "default";
  if (!password_matches(user, request.arg(with_user ? 2 : 1))) return write_error(out, errors::kWrongPass);
  log_in(session, user);
  out += protocol::kOk;
}

void LocalCommands::reset(ClientSession& session, std::string& out) const {
  session.reset();
  SessionState& state = session.state();
  state.name.clear();
  state.facts.authenticated = !config_.client.needs_login();
  state.user = "default";
  state.reply_off = false;
  state.readonly = false;
  protocol::write_simple(out, "RESET");
}

// The nodes are told, on connections for such clients. Redis 7.2 and Valkey know the command.
void LocalCommands::no_touch(const RequestView& request, ClientSession& session, std::string& out) const {
  const auto& topology = pool_.topology();
  if (!topology || !topology->server_is_at_least(7, 2))
    return write_error(out, errors::unknown_subcommand(request));
  const bool on = equal_ignore_case(request.arg(2), "on");
  if (!on && !equal_ignore_case(request.arg(2), "off")) return write_error(out, errors::kSyntax);
  session.set_no_touch(on);
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
      log_in(session, request.arg(at + 1));
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
  write_bulk(out, server_mode(config_));
  write_bulk(out, "role");
  write_bulk(out, "master");
  write_bulk(out, "modules");
  protocol::write_array_header(out, 0);
}

std::uint32_t LocalCommands::databases() const {
  return pool_.topology() ? pool_.topology()->databases() : routing::Topology::kUsualDatabases;
}

std::string LocalCommands::server_version() const {
  const auto& topology = pool_.topology();
  return topology && !topology->server_version().empty() ? topology->server_version() : "0.0.0";
}

}  // namespace slotway::proxy
