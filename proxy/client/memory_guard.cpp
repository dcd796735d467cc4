#include "proxy/client/memory_guard.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace slotway::proxy {

void MemoryGuard::on_tick() {
  WorkerCounters& counters = room_.loop.counters;
  const protocol::BlockPool& blocks = room_.loop.blocks;
  counters.memory_in_use.set(blocks.bytes_held() - blocks.bytes_free() + room_.part_bytes);
  std::uint64_t held = held_by_all();
  if (room_.memory_limit == 0 || held <= room_.memory_limit) {
    counters.largest_client.set(0);
    counters.memory_ticks.add();
    waited_ = 0;
    return;
  }

  // --- which worker has the largest client? ---
  ClientSession* client = largest();
  counters.largest_client.set(client ? client->memory_bytes() : 0);
  counters.memory_ticks.add();
  if (!others_have_told()) return;

  // --- ours, as long as there is too much ---
  while (client && held > room_.memory_limit && !another_has_more_than(client->memory_bytes())) {
    const std::uint64_t bytes = client->memory_bytes();
    counters.clients_shed.add();
    if (const auto left_out = room_.shed_warnings.allow(room_.loop.now)) {
      spdlog::warn(
          "client {} closed: {} bytes are held for all clients, more than limits.max_memory, and its {} are "
          "the most "
          "({} more such clients since the last of these lines)",
          client->state().id, held, bytes, *left_out);
    }
    client->shed();
    // It is freed at the end of the turn; the others count on it at once.
    const std::uint64_t ours = counters.memory_in_use.get();
    counters.memory_in_use.set(ours - std::min(bytes, ours));
    held -= std::min(bytes, held);
    client = largest();
    counters.largest_client.set(client ? client->memory_bytes() : 0);
  }
}

// A tick of theirs that began after ours has seen that there is too much, and says so in `largest_client`.
// One that was under way then is not enough.
bool MemoryGuard::others_have_told() {
  if (waited_++ == 0) {
    ticks_then_.clear();
    for (const WorkerCounters* worker : facts_.workers) ticks_then_.push_back(worker->memory_ticks.get());
  }
  if (waited_ > kMaxWait) {
    waited_ = kMaxWait + 1;
    return true;
  }
  for (std::size_t i = 0; i < facts_.workers.size(); ++i) {
    if (i != index_ && facts_.workers[i]->memory_ticks.get() < ticks_then_[i] + 2) return false;
  }
  return true;
}

std::uint64_t MemoryGuard::held_by_all() const {
  std::uint64_t bytes = 0;
  for (const WorkerCounters* worker : facts_.workers) bytes += worker->memory_in_use.get();
  return bytes;
}

ClientSession* MemoryGuard::largest() {
  ClientSession* found = nullptr;
  std::uint64_t most = kWorthwhile;
  sessions_.for_each([&](Handle, ClientSession& session) {
    if (session.is_finished() || session.memory_bytes() < most) return;
    most = session.memory_bytes();
    found = &session;
  });
  return found;
}

// Of two that have the same, the first one's.
bool MemoryGuard::another_has_more_than(std::uint64_t bytes) const {
  for (std::size_t i = 0; i < facts_.workers.size(); ++i) {
    const std::uint64_t other = facts_.workers[i]->largest_client.get();
    if (i != index_ && (other > bytes || (other == bytes && i < index_))) return true;
  }
  return false;
}

}  // namespace slotway::proxy
