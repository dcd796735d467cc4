// Rows made of what a node says about its commands: the reply to COMMAND, with arity, flags, key specs, ACL
// categories, tips and subcommands. How such a command is served follows from those alone. Pure. Owner: who
// asked. Thread: any. Invariant: a row's key specs are ones that find_keys may apply to any request; what is
// not understood is left out. Source: Redis's documentation, COMMAND, "Command key specifications" and
// "Command tips"; nodes before Redis 7 say first, last and step only.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "protocol/command_table.hpp"
#include "protocol/reply_tree.hpp"

namespace slotway::protocol {

// A row that owns what it points to: it stays where it was made.
struct LearnedRow {
  LearnedRow() = default;
  LearnedRow(const LearnedRow&) = delete;
  LearnedRow& operator=(const LearnedRow&) = delete;

  std::string name;
  std::vector<std::string> keywords;
  std::vector<KeySpec> keys;
  CommandRow row;
};

using LearnedRows = std::vector<std::shared_ptr<const LearnedRow>>;

// Every command and subcommand that `reply` describes, known or not; a container is followed by its
// subcommands, which its own row does not hold.
LearnedRows parse_command_reply(const ReplyTree& reply);

// They say the same.
bool same_row(const CommandRow& a, const CommandRow& b);

}  // namespace slotway::protocol
