#include "proxy/client/acl_commands.hpp"

#include "protocol/reply_writer.hpp"

namespace slotway::proxy {

namespace {

using protocol::LocalCommand;
using protocol::write_array_header;
using protocol::write_bulk;

constexpr std::string_view kUser = "default";

void describe_user(bool needs_password, bool resp3, std::string& out) {
  protocol::write_map_header(out, resp3, 6);
  write_bulk(out, "flags");
  protocol::write_set_header(out, resp3, needs_password ? 1 : 2);
  write_bulk(out, "on");
  if (!needs_password) write_bulk(out, "nopass");
  write_bulk(out, "passwords");
  write_array_header(out, 0);
  write_bulk(out, "commands");
  write_bulk(out, "+@all");
  write_bulk(out, "keys");
  write_bulk(out, "~*");
  write_bulk(out, "channels");
  write_bulk(out, "&*");
  write_bulk(out, "selectors");
  write_array_header(out, 0);
}

}  // namespace

void run_acl(LocalCommand command, const protocol::RequestView& request, bool needs_password, bool resp3,
             std::string& out) {
  switch (command) {
    case LocalCommand::acl_getuser:
      if (request.arg(2) == kUser) return describe_user(needs_password, resp3, out);
      protocol::write_null(out, resp3);
      return;
    case LocalCommand::acl_users: write_array_header(out, 1); return write_bulk(out, kUser);
    case LocalCommand::acl_list:
      write_array_header(out, 1);
      return write_bulk(
          out, needs_password ? "user default on ~* &* +@all" : "user default on nopass ~* &* +@all");
    default: return write_bulk(out, kUser);  // WHOAMI
  }
}

}  // namespace slotway::proxy
