#include "proxy/client/sentinel_view.hpp"

#include <utility>
#include <vector>

#include "protocol/ascii_case.hpp"
#include "protocol/reply_errors.hpp"
#include "protocol/reply_writer.hpp"

namespace slotway::proxy {

namespace {

using protocol::equal_ignore_case;
using protocol::write_bulk;

constexpr std::string_view kNoSubcommand = "ERR wrong number of arguments for 'sentinel' command";
constexpr std::string_view kNoSuchMaster = "ERR No such master with that name";

using Fields = std::vector<std::pair<std::string_view, std::string>>;

void write_fields(const Fields& fields, bool resp3, std::string& out) {
  protocol::write_map_header(out, resp3, fields.size());
  for (const auto& [name, value] : fields) {
    write_bulk(out, name);
    write_bulk(out, value);
  }
}

// What is said of a primary and of a replica.
Fields common_fields(const SentinelView& view, std::string name, std::string_view role) {
  return {{"name", std::move(name)},
          {"ip", view.address.host},
          {"port", std::to_string(view.address.port)},
          {"runid", std::string(view.run_id)},
          {"flags", (view.is_up ? "" : "s_down,") + std::string(role)},
          {"link-pending-commands", "0"},
          {"link-refcount", "1"},
          {"last-ping-sent", "0"},
          {"last-ok-ping-reply", "0"},
          {"last-ping-reply", "0"},
          {"down-after-milliseconds", "0"},
          {"info-refresh", "0"},
          {"role-reported", std::string(role)},
          {"role-reported-time", "0"}};
}

void write_master(const SentinelView& view, std::string& out) {
  Fields fields = common_fields(view, std::string(view.master_name), "master");
  for (const auto& [name, value] : {std::pair{"config-epoch", "0"},
                                    {"num-slaves", "1"},
                                    {"num-other-sentinels", "0"},
                                    {"quorum", "1"},
                                    {"failover-timeout", "0"},
                                    {"parallel-syncs", "1"}})
    fields.emplace_back(name, value);
  write_fields(fields, view.resp3, out);
}

void write_replica(const SentinelView& view, std::string& out) {
  const std::string port = std::to_string(view.address.port);
  Fields fields = common_fields(view, view.address.host + ":" + port, "slave");
  fields.insert(fields.end(), {{"master-link-down-time", "0"},
                               {"master-link-status", view.is_up ? "ok" : "err"},
                               {"master-host", view.address.host},
                               {"master-port", port},
                               {"slave-priority", "100"},
                               {"slave-repl-offset", "0"},
                               {"replica-announced", "1"}});
  write_fields(fields, view.resp3, out);
}

void write_address(const SentinelView& view, std::string& out) {
  protocol::write_array_header(out, 2);
  write_bulk(out, view.address.host);
  write_bulk(out, std::to_string(view.address.port));
}

}  // namespace

void write_sentinel_reply(const protocol::RequestView& request, const SentinelView& view, std::string& out) {
  if (request.argc() < 2) return protocol::write_error(out, kNoSubcommand);
  const std::string_view what = request.arg(1);
  const auto is = [what](std::string_view name) { return equal_ignore_case(what, name); };
  if (is("masters") && request.argc() == 2) {
    protocol::write_array_header(out, 1);
    return write_master(view, out);
  }
  if (is("myid") && request.argc() == 2) return write_bulk(out, view.run_id);
  const bool is_of_one = is("get-master-addr-by-name") || is("master") || is("replicas") || is("slaves") ||
                         is("sentinels") || is("ckquorum");
  if (!is_of_one || request.argc() != 3)
    return protocol::write_error(out, protocol::errors::unknown_subcommand(request));

  const bool is_known = request.arg(2) == view.master_name;
  if (is("get-master-addr-by-name")) {
    if (is_known) return write_address(view, out);
    out += view.resp3 ? protocol::kNull3 : protocol::kNullArray;
  } else if (!is_known) {
    protocol::write_error(out, kNoSuchMaster);
  } else if (is("master")) {
    write_master(view, out);
  } else if (is("sentinels")) {
    protocol::write_array_header(out, 0);
  } else if (is("ckquorum")) {
    protocol::write_simple(out, "OK 1 usable Sentinels. Quorum and failover authorization can be reached");
  } else {
    protocol::write_array_header(out, 1);
    write_replica(view, out);
  }
}

}  // namespace slotway::proxy
