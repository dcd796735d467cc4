// A client's open transaction: the commands between MULTI and EXEC, kept until EXEC sends them to one node as
// one request. Nothing can come between its commands on a connection that many clients share, so no
// connection is set aside for it (docs/decisions/009). Owner: a ClientSession, only while a transaction is
// open. Thread: worker. Invariant: bytes() is empty, or MULTI and every queued command that its node runs,
// whole. Source: Redis's documentation, "Transactions".
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/byte_queue.hpp"
#include "protocol/command_table.hpp"
#include "protocol/request.hpp"
#include "proxy/client/exec_reply.hpp"
#include "routing/key_slot.hpp"

namespace slotway::proxy {

class Transaction {
 public:
  // False: it would be larger than `max_bytes`, and is not queued.
  bool add(protocol::BlockPool& pool, const protocol::RequestView& request, routing::Slot slot,
           std::uint64_t max_bytes);
  // The same of a command that its node does not run.
  bool add_outside(const protocol::RequestView& request, std::uint64_t max_bytes);
  // A command was refused: EXEC will answer EXECABORT. What was queued is dropped.
  void fail(protocol::BlockPool& pool);
  // Appends EXEC.
  void close(protocol::BlockPool& pool);

  bool failed() const { return failed_; }
  // One of its commands may write.
  void note_write() { writes_ = true; }
  bool writes() const { return writes_; }
  // One of them empties all shards.
  void note_flush() { flushes_ = true; }
  bool flushes() const { return flushes_; }
  // One of them runs a script or function, or names a script by its sha.
  void note_script(protocol::ScriptUse use) {
    has_scripts_ = true;
    has_shas_ |= use == protocol::ScriptUse::by_sha;
  }
  bool has_scripts() const { return has_scripts_; }
  bool has_shas() const { return has_shas_; }
  // A SELECT among the commands for the node: whatever it names, the connection may be in another database
  // after it.
  void note_select(std::string_view index);
  bool selects() const { return selects_; }
  // The database that the last of them names; nullopt: there was none that could be one.
  std::optional<std::uint16_t> selected() const { return selected_; }
  std::uint32_t size() const { return size_; }  // commands for the node
  std::uint32_t count() const { return size_ + static_cast<std::uint32_t>(outside_.size()); }  // all
  std::size_t held_bytes() const { return bytes_.size() + outside_bytes_; }
  bool has_outside() const { return !outside_.empty(); }
  std::vector<OutsideCommand> take_outside() { return std::move(outside_); }
  routing::Slot slot() const { return slot_; }  // kAnySlot: no key so far
  protocol::ByteQueue& bytes() { return bytes_; }

 private:
  bool fits(const protocol::RequestView& request, std::uint64_t max_bytes) const;

  protocol::ByteQueue bytes_;
  std::vector<OutsideCommand> outside_;
  std::size_t outside_bytes_ = 0;
  std::uint32_t size_ = 0;
  routing::Slot slot_ = routing::kAnySlot;
  bool failed_ = false;
  bool writes_ = false;
  bool flushes_ = false;
  bool has_scripts_ = false;
  bool has_shas_ = false;
  bool selects_ = false;
  std::optional<std::uint16_t> selected_;
};

}  // namespace slotway::proxy
