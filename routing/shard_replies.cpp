#include "routing/shard_replies.hpp"

#include <algorithm>
#include <optional>
#include <utility>

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

std::int64_t aggregated(protocol::Merge how, std::int64_t a, std::int64_t b) {
  switch (how) {
    case protocol::Merge::least: return std::min(a, b);
    case protocol::Merge::most: return std::max(a, b);
    case protocol::Merge::logical_and: return a != 0 && b != 0 ? 1 : 0;
    default: return a != 0 || b != 0 ? 1 : 0;
  }
}

// The integer that `text` begins with, which is taken off it; nullopt: it begins with something else.
std::optional<std::int64_t> take_integer(std::string_view& text) {
  const std::size_t end = text.find("\r\n");
  if (!text.starts_with(':') || end == std::string_view::npos) return std::nullopt;
  const auto value = protocol::parse_decimal(text.substr(1, end - 1));
  text.remove_prefix(end + 2);
  return value;
}

bool is_null(std::string_view reply) { return reply == protocol::kNullBulk || reply == "_\r\n"; }

}  // namespace

void ShardReplies::reset(std::uint64_t random) {
  random_ = random;
  count_ = 0;
  running_ = false;
  bytes_.clear();
  null_ = protocol::kNullBulk;
  shards_.clear();
  numbers_.clear();
  has_numbers_ = false;
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

bool ShardReplies::aggregate(protocol::Merge how, std::string_view reply) {
  const bool is_array = !reply.starts_with(':');
  const Array array = is_array ? array_of(reply) : Array{1, reply};
  const bool is_first = !std::exchange(has_numbers_, true);
  if (array.count < 0) return false;
  if (!is_first && (is_array != numbers_array_ || std::cmp_not_equal(array.count, numbers_.size())))
    return false;
  numbers_array_ = is_array;
  std::string_view rest = array.elements;
  for (std::size_t i = 0; std::cmp_less(i, array.count); ++i) {
    const auto value = take_integer(rest);
    if (!value) return false;
    if (is_first) {
      numbers_.push_back(aggregated(how, *value, *value));
    } else {
      numbers_[i] = aggregated(how, numbers_[i], *value);
    }
  }
  return rest.empty();
}

bool ShardReplies::keep_running(std::string_view reply) {
  constexpr std::string_view kField = "$14\r\nrunning_script\r\n";
  const std::size_t header_end = reply.find('\n');
  const bool known = header_end != std::string_view::npos && (reply[0] == '*' || reply[0] == '%') &&
                     reply.substr(header_end + 1).starts_with(kField);
  if (!known) return false;
  const std::string_view script = reply.substr(header_end + 1 + kField.size());
  const bool runs = !script.starts_with(protocol::kNullBulk) && !script.starts_with(protocol::kNull3);
  if (bytes_.empty() || (runs && !running_)) bytes_ = reply;
  running_ |= runs;
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

void ShardReplies::write_numbers(protocol::BlockPool& pool, protocol::ByteQueue& out) const {
  std::string text;
  if (numbers_array_) protocol::write_array_header(text, numbers_.size());
  for (const std::int64_t number : numbers_) protocol::write_integer(text, number);
  out.append(pool, text);
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
  if (numbers_.capacity() * sizeof(std::int64_t) > keep_bytes) std::vector<std::int64_t>().swap(numbers_);
}

}  // namespace slotway::routing
