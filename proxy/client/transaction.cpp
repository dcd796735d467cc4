#include "proxy/client/transaction.hpp"

#include <cassert>
#include <utility>

#include "protocol/decimal.hpp"

namespace slotway::proxy {

namespace {

constexpr std::string_view kMulti = "*1\r\n$5\r\nMULTI\r\n";
constexpr std::string_view kExec = "*1\r\n$4\r\nEXEC\r\n";

}  // namespace

bool Transaction::add(protocol::BlockPool& pool, const protocol::RequestView& request, routing::Slot slot,
                      std::uint64_t max_bytes) {
  if (failed_) return true;
  if (!fits(request, max_bytes)) return false;
  if (bytes_.empty()) bytes_.append(pool, kMulti);
  bytes_.append(pool, request.bytes());
  ++size_;
  if (slot != routing::kAnySlot) slot_ = slot;
  return true;
}

bool Transaction::add_outside(const protocol::RequestView& request, std::uint64_t max_bytes) {
  if (failed_) return true;
  if (!fits(request, max_bytes)) return false;
  outside_.push_back({count(), std::string(request.bytes())});
  outside_bytes_ += request.bytes().size();
  return true;
}

bool Transaction::fits(const protocol::RequestView& request, std::uint64_t max_bytes) const {
  return held_bytes() + request.bytes().size() + kMulti.size() + kExec.size() <= max_bytes;
}

void Transaction::note_select(std::string_view index) {
  selects_ = true;
  const auto database = protocol::parse_decimal(index);
  if (database && std::in_range<std::uint16_t>(*database)) selected_ = static_cast<std::uint16_t>(*database);
}

void Transaction::fail(protocol::BlockPool& pool) {
  failed_ = true;
  outside_.clear();
  outside_bytes_ = 0;
  bytes_.clear(pool);
}

void Transaction::close(protocol::BlockPool& pool) {
  assert(!failed_);
  if (bytes_.empty()) bytes_.append(pool, kMulti);
  bytes_.append(pool, kExec);
}

}  // namespace slotway::proxy
