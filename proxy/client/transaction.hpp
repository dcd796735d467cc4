// A client's open transaction: the commands between MULTI and EXEC, kept until EXEC sends them to one node as
// one request. Nothing can come between its commands on a connection that many clients share, so no
// connection is set aside for it (docs/decisions/009). Owner: a ClientSession, only while a transaction is
// open. Thread: worker. Invariant: bytes() is empty, or MULTI and every queued command, whole. Source:
// Redis's documentation, "Transactions".
#pragma once

#include <cstdint>

#include "protocol/byte_queue.hpp"
#include "protocol/command_table.hpp"
#include "protocol/request.hpp"
#include "routing/key_slot.hpp"

namespace slotway::proxy {

class Transaction {
 public:
  // False: it would be larger than `max_bytes`, and is not queued.
  bool add(protocol::BlockPool& pool, const protocol::RequestView& request, routing::Slot slot,
           std::uint64_t max_bytes);
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
  std::uint32_t size() const { return size_; }  // commands
  routing::Slot slot() const { return slot_; }  // kAnySlot: no key so far
  protocol::ByteQueue& bytes() { return bytes_; }

 private:
  protocol::ByteQueue bytes_;
  std::uint32_t size_ = 0;
  routing::Slot slot_ = routing::kAnySlot;
  bool failed_ = false;
  bool writes_ = false;
  bool flushes_ = false;
  bool has_scripts_ = false;
  bool has_shas_ = false;
};

}  // namespace slotway::proxy
