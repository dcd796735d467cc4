#include "routing/scan_cursor.hpp"

#include <algorithm>
#include <charconv>
#include <system_error>

#include "protocol/reply_writer.hpp"

namespace slotway::routing {

namespace {

// Of a request for which no map was known: no shard has it.
constexpr std::uint8_t kNoMap = 0xFF;
constexpr std::uint64_t kFingerprints = kNoMap - 1;  // 1 .. 254

// splitmix64's finalizer.
constexpr std::uint64_t mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
  x = (x ^ x >> 27) * 0x94d049bb133111eb;
  return x ^ x >> 31;
}

std::uint64_t hash_of(const Node& node) {
  // A node that only a redirect has named has no id yet.
  const std::string& name = node.id.empty() ? node.endpoint.host : node.id;
  std::uint64_t hash = node.id.empty() ? node.endpoint.port : 0;
  for (const char c : name) hash = mix(hash ^ static_cast<unsigned char>(c));
  return hash;
}

// `own` and `before`: sums over the slots of a shard, and of all shards before it. Sums do not depend on an
// order.
std::uint8_t fingerprint_of(const Node& node, std::uint64_t own, std::uint64_t before) {
  return static_cast<std::uint8_t>(1 + mix(hash_of(node) ^ mix(own ^ mix(before))) % kFingerprints);
}

std::optional<std::uint64_t> parse_unsigned(std::string_view text) {
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return value;
}

}  // namespace

std::optional<ScanCursor> ScanCursor::parse(std::string_view text) {
  const auto value = parse_unsigned(text);
  if (!value) return std::nullopt;
  const ScanCursor cursor{*value >> 22, static_cast<std::uint8_t>(*value >> 14 & 0xFF),
                          static_cast<Slot>(*value & (kSlotCount - 1))};
  if (*value != 0 && cursor.is_start()) return std::nullopt;
  return cursor;
}

ScanOrder::ScanOrder(const Topology& topology) {
  std::vector<std::uint64_t> sums(topology.nodes().size(), 0);
  for (std::uint32_t slot = 0; slot < kSlotCount; ++slot) {
    const NodeIndex owner = topology.primary_of(static_cast<Slot>(slot));
    if (owner != kNoNode) sums[owner] += mix(slot);
  }
  std::uint64_t before = 0;
  for (const Slot slot : topology.shard_slots()) {
    const NodeIndex owner = topology.primary_of(slot);
    Shard shard{slot, owner, fingerprint_of(topology.node(owner), sums[owner], before), {}};
    for (const Node& node : topology.nodes()) {
      if (node.primary == owner) shard.of_replicas.push_back(fingerprint_of(node, sums[owner], before));
    }
    before += sums[owner];
    shards_.push_back(std::move(shard));
  }
}

const ScanOrder::Shard* ScanOrder::find(Slot slot) const {
  const auto it = std::ranges::lower_bound(shards_, slot, {}, &Shard::slot);
  return it != shards_.end() && it->slot == slot ? &*it : nullptr;
}

ScanCursor ScanOrder::resolve(const ScanCursor& cursor) const {
  if (shards_.empty()) return {0, kNoMap, 0};
  const Shard* shard = cursor.is_start() ? nullptr : find(cursor.slot);
  if (shard) {
    if (shard->fingerprint == cursor.fingerprint) return cursor;
    if (std::ranges::find(shard->of_replicas, cursor.fingerprint) != shard->of_replicas.end())
      return {0, shard->fingerprint, shard->slot};
  }
  return {0, shards_.front().fingerprint, shards_.front().slot};
}

ScanOrder::Next ScanOrder::next(const ScanCursor& sent, NodeIndex node, std::uint64_t node_cursor) const {
  const Shard* shard = find(sent.slot);
  // The map has changed since, or a request that was sent again has found another node.
  if (!shard || shard->fingerprint != sent.fingerprint || shard->owner != node)
    return {ScanCursor{0, sent.fingerprint, sent.slot}.value(), false};
  if (node_cursor != 0) return {ScanCursor{node_cursor, sent.fingerprint, sent.slot}.value(), true};
  const Shard* following = shard + 1;
  if (following == shards_.data() + shards_.size()) return {0, true};
  return {ScanCursor{0, following->fingerprint, following->slot}.value(), true};
}

std::optional<ScanReply> ScanReply::parse(std::string_view reply) {
  constexpr std::string_view kHeader = "*2\r\n$";
  if (!reply.starts_with(kHeader)) return std::nullopt;
  const std::size_t header_end = reply.find('\n', kHeader.size());
  if (header_end == std::string_view::npos) return std::nullopt;
  const std::size_t cursor_end = reply.find('\r', header_end);
  if (cursor_end == std::string_view::npos) return std::nullopt;
  const auto cursor = parse_unsigned(reply.substr(header_end + 1, cursor_end - header_end - 1));
  if (!cursor || *cursor > ScanCursor::kMaxNodeCursor) return std::nullopt;
  const std::string_view elements = reply.substr(cursor_end + 2);
  if (!elements.starts_with('*')) return std::nullopt;
  return ScanReply{*cursor, elements};
}

void write_scan_reply(std::string& out, std::uint64_t cursor, std::string_view elements) {
  char digits[24];
  const char* end = std::to_chars(digits, digits + sizeof digits, cursor).ptr;
  protocol::write_array_header(out, 2);
  protocol::write_bulk(out, {digits, static_cast<std::size_t>(end - digits)});
  if (elements.empty()) return protocol::write_array_header(out, 0);
  out += elements;
}

}  // namespace slotway::routing
