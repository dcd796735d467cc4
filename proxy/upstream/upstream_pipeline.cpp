#include "proxy/upstream/upstream_pipeline.hpp"

#include <algorithm>
#include <cassert>

namespace slotway::proxy {

void UpstreamPipeline::commit(const Request& request) {
  assert(queue_.size() > committed_);
  fifo_.push_back(request).bytes = static_cast<std::uint32_t>(queue_.size() - committed_);
  committed_ = queue_.size();
  resent_ += request.is_resent() ? 1 : 0;
}

void UpstreamPipeline::on_sent(std::size_t count) {
  queue_.advance(cursor_, count);
  sent_ += count;
}

UpstreamPipeline::Next UpstreamPipeline::next(std::string_view bytes) {
  if (bytes.empty()) return Next::need_more;
  // Nothing can be answered of which nothing has been written.
  if (fifo_.empty() || sent_ == 0) return Next::unsolicited;
  switch (scanner_.scan(bytes)) {
    case protocol::ScanStatus::need_more: return Next::need_more;
    case protocol::ScanStatus::error: return Next::broken;
    case protocol::ScanStatus::reply: break;
  }
  if (leading_seen_ < fifo_.front().leading) return Next::leading;
  if (sent_ >= fifo_.front().bytes) return Next::reply;
  // A node that refuses a request by its first bytes (a size limit of its own) answers early and closes.
  return bytes.front() == '-' ? Next::refused : Next::unsolicited;
}

void UpstreamPipeline::pass_leading(std::string_view reply) {
  ++leading_seen_;
  if (reply.front() == '-' && leading_error_.empty()) leading_error_ = reply;
  scanner_.start();
}

std::string UpstreamPipeline::front_text() const { return queue_.text(fifo_.front().bytes); }

void UpstreamPipeline::pop_front() {
  const std::size_t count = fifo_.front().bytes;
  resent_ -= fifo_.front().is_resent() ? 1 : 0;
  fifo_.pop_front();
  queue_.consume(pool_, count, &cursor_);
  sent_ -= std::min(sent_, count);
  committed_ -= count;
  if (queue_.empty()) cursor_ = {};
  if (leading_seen_ > 0) leading_error_.clear();
  leading_seen_ = 0;
  scanner_.start();
}

}  // namespace slotway::proxy
