#include "routing/shard_replies.hpp"

#include <algorithm>

#include "protocol/reply_writer.hpp"
#include "routing/splitter.hpp"

namespace slotway::routing {

namespace {

struct Array {
  std::int64_t count = -1;  // -1 = it is none
  std::string_view elements;
};

// An array, or a set of RESP3.
Array array_of(std::string_view reply) {
  const std::size_t header_end = reply.find('\n');
  if (header_end == std::string_view::npos || (reply[0] != '*' && reply[0] != '~')) return {};
  const auto count = protocol::parse_decimal(reply.substr(1, header_end - 2));
  if (!count || *count < 0) return {};
  return {*count, reply.substr(header_end + 1)};
}

bool is_null(std::string_view reply) { return reply == protocol::kNullBulk || reply == "_\r\n"; }

}  // namespace

void ShardReplies::reset(std::uint64_t random) {
  random_ = random;
  count_ = 0;
  bytes_.clear();
  null_ = protocol::kNullBulk;
  shards_.clear();
}

bool ShardReplies::join(std::string_view reply) {
  const Array array = array_of(reply);
  if (array.count < 0) return false;
  count_ += static_cast<std::uint64_t>(array.count);
  bytes_ += array.elements;
  return true;
}

bool ShardReplies::keep_first(std::string_view reply) {
  if (bytes_.empty()) bytes_ = reply;
  return true;
}

bool ShardReplies::keep_least(std::string_view reply) {
  // Every element is ":0\r\n" or ":1\r\n".
  constexpr std::size_t kElementBytes = 4;
  const Array array = array_of(reply);
  if (array.count < 0 || array.elements.size() != static_cast<std::size_t>(array.count) * kElementBytes)
    return false;
  if (bytes_.empty()) bytes_ = reply;
  if (bytes_.size() != reply.size()) return false;
  for (std::size_t at = reply.size() - array.elements.size(); at < reply.size(); at += kElementBytes) {
    const std::string_view element = reply.substr(at, kElementBytes);
    if (element != ":0\r\n" && element != ":1\r\n") return false;
    bytes_[at + 1] = std::min(bytes_[at + 1], element[1]);
  }
  return true;
}

bool ShardReplies::weigh(std::uint32_t fragment, std::string_view reply) {
  const std::size_t index = fragment / 2;
  if (shards_.size() <= index) shards_.resize(index + 1);
  Shard& shard = shards_[index];
  if (fragment % 2 == 0) {
    if (!reply.starts_with(':') || reply.size() < 3) return false;
    const auto size = protocol::parse_decimal(reply.substr(1, reply.size() - 3));
    if (!size || *size < 0) return false;
    shard.size = static_cast<std::uint64_t>(*size);
    return true;
  }
  if (is_null(reply)) {
    null_ = reply;
    return true;
  }
  if (!reply.starts_with('$')) return false;
  shard.offset = bytes_.size();
  shard.length = reply.size();
  bytes_ += reply;
  return true;
}

// The two answers are not of one moment: a shard that had no key a moment ago may have one.
std::uint64_t ShardReplies::weight_of(const Shard& shard) const {
  return shard.length == 0 ? 0 : std::max<std::uint64_t>(shard.size, 1);
}

void ShardReplies::write_joined(protocol::BlockPool& pool, protocol::ByteQueue& out) const {
  out.append(pool, ArrayHeader(count_).view());
  if (!bytes_.empty()) out.append(pool, bytes_);
}

void ShardReplies::write_kept(protocol::BlockPool& pool, protocol::ByteQueue& out) const {
  out.append(pool, bytes_);
}

void ShardReplies::write_picked(protocol::BlockPool& pool, protocol::ByteQueue& out) const {
  std::uint64_t total = 0;
  for (const Shard& shard : shards_) total += weight_of(shard);
  if (total == 0) return out.append(pool, null_);
  std::uint64_t left = random_ % total;
  for (const Shard& shard : shards_) {
    const std::uint64_t weight = weight_of(shard);
    if (left < weight) return out.append(pool, std::string_view(bytes_).substr(shard.offset, shard.length));
    left -= weight;
  }
}

void ShardReplies::shrink(std::size_t keep_bytes) {
  if (bytes_.capacity() > keep_bytes) std::string().swap(bytes_);
  if (shards_.capacity() * sizeof(Shard) > keep_bytes) std::vector<Shard>().swap(shards_);
}

}  // namespace slotway::routing
