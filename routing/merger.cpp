#include "routing/merger.hpp"

#include <cassert>
#include <optional>
#include <utility>

#include "protocol/reply_errors.hpp"
#include "protocol/reply_scanner.hpp"
#include "protocol/reply_writer.hpp"

namespace slotway::routing {

namespace {

constexpr std::size_t kKeepBytes = 256 * 1024;

template <class T>
std::size_t bytes_of(const std::vector<T>& buffer) {
  return buffer.capacity() * sizeof(T);
}

std::optional<std::int64_t> integer_of(std::string_view reply) {
  if (!reply.starts_with(':') || reply.size() < 3) return std::nullopt;
  return protocol::parse_decimal(reply.substr(1, reply.size() - 3));
}

}  // namespace

void Merger::reset(protocol::Merge merge, const FragmentLayout& layout, bool writes) {
  merge_ = merge;
  writes_ = writes;
  executed_ = false;
  layout_.fragments.assign(layout.fragments.begin(), layout.fragments.end());
  layout_.next.assign(layout.next.begin(), layout.next.end());
  missing_ = layout.fragments.size();
  sum_ = 0;
  arena_.clear();
  error_.clear();
  any_ok_ = absent_ = false;
  flush_.reset();
  shards_.reset(0);
  streams_.reset();
  if (merge == protocol::Merge::by_position) pieces_.assign(layout.positions(), Piece{0, 0});
}

void Merger::name_streams(const protocol::RequestView& request, std::span<const std::uint32_t> keys) {
  for (const std::uint32_t key : keys) streams_.name(request.arg(key));
}

void Merger::reset(protocol::Merge merge, std::size_t fragments, bool writes, std::uint64_t random) {
  merge_ = merge;
  writes_ = writes;
  executed_ = false;
  layout_.fragments.clear();
  layout_.next.clear();
  missing_ = fragments;
  sum_ = 0;
  arena_.clear();
  error_.clear();
  any_ok_ = absent_ = false;
  flush_.reset();
  reports_.clear();
  report_bytes_ = 0;
  shards_.reset(random);
  streams_.reset();
}

void Merger::add_report(Slot shard, std::string node, std::string_view reply) {
  assert(missing_ > 0);
  --missing_;
  const bool is_error = reply.starts_with('-');
  // One that has something to tell is enough, where the others may keep silent.
  executed_ |= !is_error;
  if (is_error && error_.empty() && (!tolerates_failures(merge_) || !executed_)) error_ = reply;
  if (!is_error && tolerates_failures(merge_)) error_.clear();
  report_bytes_ += reply.size();
  reports_.push_back({shard, std::move(node), std::string(reply)});
}

void Merger::add(std::uint32_t fragment, std::string_view reply) {
  assert(missing_ > 0);
  --missing_;
  if (merge_ == protocol::Merge::any_ok) return add_attempt(reply);
  const bool is_error = reply.starts_with('-');
  executed_ |= !is_error && !(merge_ == protocol::Merge::streams && StreamReplies::is_empty(reply));
  if (is_error) keep_error(fragment, reply);
  if (complete() && absent_ && !executed_ && !failed()) {
    protocol::write_error(error_, protocol::errors::kNoLibrary);
  }
  if (is_error) return;
  if (failed()) return;
  bool understood = false;
  switch (merge_) {
    case protocol::Merge::by_position: understood = add_elements(layout_.fragments[fragment], reply); break;
    case protocol::Merge::sum: understood = add_integer(reply); break;
    case protocol::Merge::all_ok:
    case protocol::Merge::ok_or_absent: understood = reply == protocol::kOk; break;
    case protocol::Merge::concat: understood = shards_.join(reply); break;
    case protocol::Merge::first: understood = shards_.keep_first(reply); break;
    case protocol::Merge::least:
    case protocol::Merge::most:
    case protocol::Merge::logical_and:
    case protocol::Merge::logical_or: understood = shards_.aggregate(merge_, reply); break;
    case protocol::Merge::weighted: understood = shards_.weigh(fragment, reply); break;
    case protocol::Merge::running: understood = shards_.keep_running(reply); break;
    case protocol::Merge::streams:
      understood = streams_.add(layout_, layout_.fragments[fragment], reply);
      break;
    default: break;
  }
  if (understood) return;
  std::string text;
  protocol::write_error(text, protocol::errors::kBadFragment);
  keep_error(fragment, text);
}

// "Not executed" would be false if another part may have been.
void Merger::keep_error(std::uint32_t fragment, std::string_view reply) {
  const std::string_view text = reply.substr(1, reply.size() - 3);
  if (merge_ == protocol::Merge::ok_or_absent && text == protocol::errors::kNoLibrary) {
    absent_ = true;
    return;
  }
  const bool in_doubt = writes_ && protocol::errors::leaves_doubt(text);
  const bool better = in_doubt != error_in_doubt_ ? in_doubt : fragment < error_fragment_;
  if (failed() && !better) return;
  error_ = reply;
  error_fragment_ = fragment;
  error_in_doubt_ = in_doubt;
}

bool Merger::add_elements(const Fragment& fragment, std::string_view reply) {
  const std::size_t header_end = reply.find('\n');
  if (!reply.starts_with('*') || header_end == std::string_view::npos) return false;
  const auto count = protocol::parse_decimal(reply.substr(1, header_end - 2));
  if (count != static_cast<std::int64_t>(fragment.count)) return false;

  const std::size_t base = arena_.size();
  const std::string_view elements = reply.substr(header_end + 1);
  arena_ += elements;
  std::size_t at = 0;
  for (std::uint32_t p = fragment.first; p != kNoPosition; p = layout_.next[p]) {
    protocol::ReplyScanner scanner;
    // The last element needs no search: it ends where the reply ends.
    if (p != fragment.last && scanner.scan(elements.substr(at)) != protocol::ScanStatus::reply) return false;
    const std::size_t size = p == fragment.last ? elements.size() - at : scanner.size();
    pieces_[p] = Piece{base + at, size};
    at += size;
  }
  return true;
}

bool Merger::add_integer(std::string_view reply) {
  const auto value = integer_of(reply);
  return value && !__builtin_add_overflow(sum_, *value, &sum_);
}

void Merger::write_failure(protocol::BlockPool& pool, protocol::ByteQueue& out) const {
  if (!writes_ || !executed_) return out.append(pool, error_);
  out.append(pool, std::string_view(error_).substr(0, error_.size() - 2));
  out.append(pool, protocol::errors::kExecutedInPart);
  out.append(pool, "\r\n");
}

// One that had something to kill is enough. Else what a node says that has a script running tells more than
// that another has none.
void Merger::add_attempt(std::string_view reply) {
  if (!reply.starts_with('-')) {
    any_ok_ = true;
    error_.clear();
    shards_.keep_first(reply);
  } else if (!any_ok_ && (error_.empty() || error_.starts_with("-NOTBUSY "))) {
    error_ = reply;
  }
}

void Merger::write(protocol::BlockPool& pool, protocol::ByteQueue& out) const {
  assert(complete());
  if (!flush_) return write_merged(pool, out);
  out.append(pool, flush_->before());
  write_merged(pool, out);
  if (!flush_->behind().empty()) out.append(pool, flush_->behind());
}

void Merger::write_merged(protocol::BlockPool& pool, protocol::ByteQueue& out) const {
  if (failed()) return write_failure(pool, out);
  switch (merge_) {
    case protocol::Merge::by_position:
      out.append(pool, ArrayHeader(pieces_.size()).view());
      for (const Piece& piece : pieces_)
        out.append(pool, std::string_view(arena_).substr(piece.offset, piece.size));
      break;
    case protocol::Merge::sum: {
      std::string text;
      protocol::write_integer(text, sum_);
      out.append(pool, text);
      break;
    }
    case protocol::Merge::all_ok:
    case protocol::Merge::ok_or_absent: out.append(pool, protocol::kOk); break;
    case protocol::Merge::concat: shards_.write_joined(pool, out); break;
    case protocol::Merge::first:
    case protocol::Merge::running:
    case protocol::Merge::any_ok: shards_.write_kept(pool, out); break;
    case protocol::Merge::least:
    case protocol::Merge::most:
    case protocol::Merge::logical_and:
    case protocol::Merge::logical_or: shards_.write_numbers(pool, out); break;
    case protocol::Merge::weighted: shards_.write_picked(pool, out); break;
    case protocol::Merge::streams: streams_.write(pool, out); break;
    case protocol::Merge::none: assert(false); break;
    default: {
      std::string text;
      write_report(text, merge_, reports_, wish_);
      out.append(pool, text);
    }
  }
}

// Assigning an empty value would keep the capacity of strings and vectors alike; swapping does not.
void Merger::shrink() {
  flush_.reset();
  if (arena_.capacity() > kKeepBytes) std::string().swap(arena_);
  if (error_.capacity() > kKeepBytes) std::string().swap(error_);
  if (bytes_of(pieces_) > kKeepBytes) std::vector<Piece>().swap(pieces_);
  if (bytes_of(layout_.next) > kKeepBytes) layout_ = FragmentLayout{};
  shards_.shrink(kKeepBytes);
  streams_.shrink(kKeepBytes);
  if (!protocol::is_report(merge_)) return;
  std::vector<NodeReport>().swap(reports_);
  report_bytes_ = 0;
  wish_ = ReportWish{};
}

std::size_t Merger::reserved_bytes() const {
  return arena_.capacity() + error_.capacity() + bytes_of(pieces_) + bytes_of(layout_.next) +
         bytes_of(layout_.fragments) + shards_.reserved_bytes() + streams_.reserved_bytes();
}

}  // namespace slotway::routing
