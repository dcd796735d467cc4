#include "proxy/client/client_description.hpp"

#include "protocol/ascii_case.hpp"

namespace slotway::proxy {

namespace {

std::string flags_of(const ClientDescription& client) {
  std::string flags;
  if (client.monitors) flags += 'O';
  if (client.type == ClientType::pubsub) flags += 'P';
  if (client.queued) flags += 'x';
  if (client.blocked) flags += 'b';
  if (client.tracking) {
    flags += 't';
    if (client.tracking->redirect_broken) flags += 'R';
    if (client.tracking->bcast) flags += 'B';
  }
  if (client.closing) flags += 'c';
  if (client.unix_socket) flags += 'U';
  if (client.readonly) flags += 'r';
  if (client.no_evict) flags += 'e';
  if (client.no_touch) flags += 'T';
  return flags.empty() ? "N" : flags;
}

}  // namespace

std::optional<ClientType> parse_client_type(std::string_view text) {
  using protocol::equal_ignore_case;
  if (equal_ignore_case(text, "normal")) return ClientType::normal;
  if (equal_ignore_case(text, "slave") || equal_ignore_case(text, "replica")) return ClientType::replica;
  if (equal_ignore_case(text, "pubsub")) return ClientType::pubsub;
  if (equal_ignore_case(text, "master")) return ClientType::master;
  return std::nullopt;
}

std::string ClientDescription::line() const {
  std::string text;
  const auto field = [&text](std::string_view key, std::string_view value) {
    if (!text.empty()) text += ' ';
    text.append(key).append("=").append(value);
  };
  const auto number = [&field](std::string_view key, auto value) { field(key, std::to_string(value)); };
  number("id", id);
  field("addr", address);
  field("laddr", local_address);
  number("fd", descriptor);
  field("name", name);
  number("age", age.count());
  number("idle", idle.count());
  field("flags", flags_of(*this));
  number("db", database);
  number("sub", channels);
  number("psub", patterns);
  number("ssub", shard_channels);
  number("multi", queued ? std::int64_t{*queued} : -1);
  number("qbuf", query_bytes);
  number("qbuf-free", 0);
  number("argv-mem", 0);
  number("multi-mem", transaction_bytes);
  number("rbs", 0);
  number("rbp", 0);
  number("obl", output_bytes);
  number("oll", 0);
  number("omem", output_bytes);
  number("tot-mem", memory_bytes);
  field("events", waits_to_write ? "rw" : "r");
  field("cmd", command.empty() ? "NULL" : command);
  field("user", user);
  number("redir", tracking ? static_cast<std::int64_t>(tracking->redirect) : -1);
  number("resp", resp3 ? 3 : 2);
  // As Redis 7.2; older servers know no such fields.
  if (!lib_name.empty() || !lib_version.empty()) {
    field("lib-name", lib_name);
    field("lib-ver", lib_version);
  }
  return text;
}

}  // namespace slotway::proxy
