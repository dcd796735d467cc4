#include "proxy/upstream/upstream_handshake.hpp"

#include "protocol/reply_writer.hpp"
#include "proxy/upstream/auth_error.hpp"

namespace slotway::proxy {

std::string UpstreamHandshake::start() {
  error_.clear();
  awaited_ = 0;
  if (resp3_) {
    awaited_ = 1;
    return hello();
  }
  std::string out;
  if (cluster_.password.empty()) return out;
  protocol::write_array_header(out, cluster_.username.empty() ? 2 : 3);
  protocol::write_bulk(out, "AUTH");
  if (!cluster_.username.empty()) protocol::write_bulk(out, cluster_.username);
  protocol::write_bulk(out, cluster_.password);
  awaited_ = 1;
  return out;
}

std::string UpstreamHandshake::hello() const {
  std::string out;
  protocol::write_array_header(out, cluster_.password.empty() ? 2 : 5);
  protocol::write_bulk(out, "HELLO");
  protocol::write_bulk(out, "3");
  if (cluster_.password.empty()) return out;
  protocol::write_bulk(out, "AUTH");
  protocol::write_bulk(out, cluster_.username.empty() ? "default" : cluster_.username);
  protocol::write_bulk(out, cluster_.password);
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
