#include "routing/stream_replies.hpp"

#include "protocol/reply_scanner.hpp"
#include "protocol/reply_writer.hpp"

namespace slotway::routing {

namespace {

// In RESP2 a stream and its entries are an array.
constexpr std::string_view kPair = "*2\r\n";

}  // namespace

void StreamReplies::reset() {
  streams_.clear();
  names_.clear();
  bytes_.clear();
  found_ = 0;
  map_ = false;
  null_ = protocol::kNullArray;
}

void StreamReplies::name(std::string_view stream) {
  const std::size_t offset = names_.size();
  protocol::write_bulk(names_, stream);
  streams_.push_back({offset, names_.size() - offset, 0, 0});
}

std::string_view StreamReplies::name_of(std::uint32_t position) const {
  const Stream& stream = streams_[position];
  return std::string_view(names_).substr(stream.name_offset, stream.name_length);
}

bool StreamReplies::is_empty(std::string_view reply) {
  return reply == protocol::kNullArray || reply == protocol::kNull3;
}

bool StreamReplies::add(const FragmentLayout& layout, const Fragment& fragment, std::string_view reply) {
  if (is_empty(reply)) {
    if (reply == protocol::kNull3) null_ = protocol::kNull3;
    return true;
  }
  const std::size_t header_end = reply.find('\n');
  if (header_end == std::string_view::npos || (reply[0] != '*' && reply[0] != '%')) return false;
  const auto count = protocol::parse_decimal(reply.substr(1, header_end - 2));
  if (!count || *count < 1 || *count > static_cast<std::int64_t>(fragment.count)) return false;
  const bool map = reply[0] == '%';
  if (found_ > 0 && map != map_) return false;
  map_ = map;

  const std::size_t base = bytes_.size();
  const std::string_view lead = map ? std::string_view{} : kPair;
  std::string_view rest = reply.substr(header_end + 1);
  bytes_ += rest;
  std::size_t at = base;
  std::uint32_t position = fragment.first;
  for (std::int64_t i = 0; i < *count; ++i) {
    // Those that have nothing are left out, the others keep their order.
    if (!rest.starts_with(lead)) return false;
    rest.remove_prefix(lead.size());
    while (position != kNoPosition && !rest.starts_with(name_of(position))) position = layout.next[position];
    if (position == kNoPosition) return false;
    const std::size_t name_length = streams_[position].name_length;
    rest.remove_prefix(name_length);
    protocol::ReplyScanner entries;
    if (entries.scan(rest) != protocol::ScanStatus::reply) return false;
    rest.remove_prefix(entries.size());
    streams_[position].offset = at;
    streams_[position].length = lead.size() + name_length + entries.size();
    at += streams_[position].length;
    position = layout.next[position];
  }
  found_ += static_cast<std::uint64_t>(*count);
  return rest.empty();
}

void StreamReplies::write(protocol::BlockPool& pool, protocol::ByteQueue& out) const {
  if (found_ == 0) return out.append(pool, null_);
  std::string header;
  protocol::write_header(header, map_ ? '%' : '*', static_cast<std::int64_t>(found_));
  out.append(pool, header);
  for (const Stream& stream : streams_) {
    if (stream.length > 0) out.append(pool, std::string_view(bytes_).substr(stream.offset, stream.length));
  }
}

std::size_t StreamReplies::reserved_bytes() const {
  return names_.capacity() + bytes_.capacity() + streams_.capacity() * sizeof(Stream);
}

void StreamReplies::shrink(std::size_t keep_bytes) {
  if (names_.capacity() > keep_bytes) std::string().swap(names_);
  if (bytes_.capacity() > keep_bytes) std::string().swap(bytes_);
  if (streams_.capacity() * sizeof(Stream) > keep_bytes) std::vector<Stream>().swap(streams_);
}

}  // namespace slotway::routing
