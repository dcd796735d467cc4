// EXEC's reply to a transaction that selects a database, or has commands which its node cannot run: the
// proxy's own and those of many nodes. The node's reply is cut where theirs belong, and they run one after
// another when it has come (docs/decisions/021). Owner: a ClientSession, from EXEC until the whole reply is
// written. Thread: worker. Invariant: elements are handed out in the order of the commands, each once.
// Source: Redis's documentation, "Transactions".
//
//   commands   SET | CLIENT SETNAME | GET       the node's   *2 +OK $1 x
//   handed out *3 +OK | then that one's reply | $1 x
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/byte_queue.hpp"

namespace slotway::proxy {

// A command that the transaction's node does not run: how many commands stand before it, and its bytes.
struct OutsideCommand {
  std::uint32_t position;
  std::string request;
};

class ExecReply {
 public:
  // `selected`: the database that its commands leave the client in.
  ExecReply(std::vector<OutsideCommand> outside, std::optional<std::uint16_t> selected)
      : outside_(std::move(outside)), selected_(selected) {}

  // What the node answered, one whole reply. False: the transaction was not executed, and that is the answer.
  bool take(std::string_view reply);
  std::optional<std::uint16_t> selected() const { return selected_; }
  bool is_taken() const { return !reply_.empty(); }
  // What goes out next: the header, and the node's elements before the next outside command, or the rest.
  // REQUIRES: is_taken(). Valid until the next take().
  std::string_view next_elements();
  // The command whose reply goes out then; nullptr: there are no more.
  const std::string* next_outside();

  std::size_t held_bytes() const { return reply_.size() + request_bytes(); }

  // What goes out without having been asked for, behind this. The session clears it.
  protocol::ByteQueue pushes{};

 private:
  std::size_t request_bytes() const;

  std::vector<OutsideCommand> outside_;
  std::optional<std::uint16_t> selected_;
  std::string reply_;        // with the header that the client gets
  std::size_t at_ = 0;       // what has been handed out
  std::uint32_t count_ = 0;  // commands whose replies were
  std::size_t next_ = 0;     // of outside_
};

}  // namespace slotway::proxy
