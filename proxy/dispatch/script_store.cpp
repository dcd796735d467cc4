#include "proxy/dispatch/script_store.hpp"

#include <utility>

namespace slotway::proxy {

void ScriptStore::add(ScriptBody body) {
  if (body->size() > max_bytes_ || known_.contains(*body)) return;
  while (bytes_ + body->size() > max_bytes_) drop_oldest();
  bytes_ += body->size();
  known_.insert(*body);
  scripts_.push_back({++numbers_, std::move(body)});
}

void ScriptStore::clear() {
  while (!scripts_.empty()) drop_oldest();
}

void ScriptStore::set_max_bytes(std::uint64_t max_bytes) {
  max_bytes_ = max_bytes;
  while (bytes_ > max_bytes_) drop_oldest();
}

void ScriptStore::drop_oldest() {
  const ScriptBody oldest = std::move(scripts_.front().body);
  scripts_.pop_front();
  known_.erase(*oldest);
  bytes_ -= oldest->size();
}

}  // namespace slotway::proxy
