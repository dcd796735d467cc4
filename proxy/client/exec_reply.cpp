#include "proxy/client/exec_reply.hpp"

#include "protocol/decimal.hpp"
#include "protocol/reply_scanner.hpp"
#include "protocol/reply_writer.hpp"

namespace slotway::proxy {

bool ExecReply::take(std::string_view reply) {
  const std::size_t end = reply.find('\r');
  if (!reply.starts_with('*') || end == std::string_view::npos) return false;
  const auto elements = protocol::parse_decimal(reply.substr(1, end - 1));
  if (!elements || *elements < 0) return false;
  protocol::write_array_header(reply_, static_cast<std::size_t>(*elements) + outside_.size());
  at_ = 0;
  reply_ += reply.substr(end + 2);
  return true;
}

std::string_view ExecReply::next_elements() {
  const std::size_t from = at_;
  if (at_ == 0) at_ = reply_.find('\n') + 1;
  const bool is_last = next_ == outside_.size();
  while (at_ < reply_.size() && (is_last || count_ < outside_[next_].position)) {
    protocol::ReplyScanner scanner;
    if (scanner.scan(std::string_view(reply_).substr(at_)) != protocol::ScanStatus::reply) break;
    at_ += scanner.size();
    ++count_;
  }
  return std::string_view(reply_).substr(from, at_ - from);
}

const std::string* ExecReply::next_outside() {
  if (next_ == outside_.size()) return nullptr;
  ++count_;
  return &outside_[next_++].request;
}

std::size_t ExecReply::request_bytes() const {
  std::size_t bytes = 0;
  for (const OutsideCommand& command : outside_) bytes += command.request.size();
  return bytes;
}

}  // namespace slotway::proxy
