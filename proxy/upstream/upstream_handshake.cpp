#include "proxy/upstream/upstream_handshake.hpp"

#include "protocol/reply_writer.hpp"

namespace slotway::proxy {

std::string UpstreamHandshake::start() {
  error_.clear();
  awaited_ = 0;
  std::string out;
  if (cluster_.password.empty()) return out;
  protocol::write_array_header(out, cluster_.username.empty() ? 2 : 3);
  protocol::write_bulk(out, "AUTH");
  if (!cluster_.username.empty()) protocol::write_bulk(out, cluster_.username);
  protocol::write_bulk(out, cluster_.password);
  awaited_ = 1;
  return out;
}

UpstreamHandshake::Status UpstreamHandshake::on_reply(std::string_view reply) {
  if (reply.starts_with('-')) {
    // "unknown command 'AUTH', with args beginning with: ..." quotes what was sent: the error goes into the
    // log.
    std::string_view text = reply.substr(1, reply.size() - 3);
    if (text.find(cluster_.password) != std::string_view::npos) text = "(an error that repeats the password)";
    error_ = "AUTH refused: " + std::string(text) + "; check cluster.username and cluster.password";
    return Status::failed;
  }
  return --awaited_ > 0 ? Status::waiting : Status::done;
}

}  // namespace slotway::proxy
