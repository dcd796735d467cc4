#include "proxy/client/acl_commands.hpp"

#include <string_view>
#include <vector>

#include "protocol/reply_writer.hpp"

namespace slotway::proxy {

namespace {

using protocol::LocalCommand;
using protocol::write_array_header;
using protocol::write_bulk;

struct User {
  std::string_view name;
  bool is_on;
  bool needs_password;
};

std::vector<User> users_of(const config::ClientConfig& client) {
  const bool is_on = client.default_user_is_on();
  std::vector<User> users{{"default", is_on, !client.requirepass.empty() || !is_on}};
  for (const config::ClientUser& user : client.users) users.push_back({user.name, true, true});
  return users;
}

void describe_user(const User& user, bool resp3, std::string& out) {
  protocol::write_map_header(out, resp3, 6);
  write_bulk(out, "flags");
  protocol::write_set_header(out, resp3, user.needs_password ? 1 : 2);
  write_bulk(out, user.is_on ? "on" : "off");
  if (!user.needs_password) write_bulk(out, "nopass");
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

std::string line_of(const User& user) {
  return "user " + std::string(user.name) + (user.is_on ? " on" : " off") +
         (user.needs_password ? "" : " nopass") + " ~* &* +@all";
}

}  // namespace

void run_acl(LocalCommand command, const protocol::RequestView& request, const config::ClientConfig& client,
             std::string_view user, bool resp3, std::string& out) {
  const std::vector<User> users = users_of(client);
  switch (command) {
    case LocalCommand::acl_getuser:
      for (const User& known : users) {
        if (request.arg(2) == known.name) return describe_user(known, resp3, out);
      }
      return protocol::write_null(out, resp3);
    case LocalCommand::acl_users:
      write_array_header(out, users.size());
      for (const User& known : users) write_bulk(out, known.name);
      return;
    case LocalCommand::acl_list:
      write_array_header(out, users.size());
      for (const User& known : users) write_bulk(out, line_of(known));
      return;
    default: return write_bulk(out, user);  // WHOAMI
  }
}

}  // namespace slotway::proxy
