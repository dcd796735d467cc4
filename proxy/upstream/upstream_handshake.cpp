#include "proxy/upstream/upstream_handshake.hpp"

#include "protocol/reply_writer.hpp"
#include "proxy/upstream/auth_error.hpp"

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
    error_ = explain_auth_error(reply.substr(1, reply.size() - 3));
    return Status::failed;
  }
  return --awaited_ > 0 ? Status::waiting : Status::done;
}

}  // namespace slotway::proxy
