#include "proxy/upstream/upstream_handshake.hpp"

#include "protocol/reply_writer.hpp"
#include "proxy/upstream/auth_error.hpp"

namespace slotway::proxy {

namespace {

constexpr std::string_view kClientId = "*2\r\n$6\r\nCLIENT\r\n$2\r\nID\r\n";

}  // namespace

std::string UpstreamHandshake::start() {
  error_.clear();
  client_id_ = 0;
  std::string out = resp3_ ? hello() : auth();
  awaited_ = out.empty() ? 0 : 1;
  if (asks_id_) {
    out += kClientId;
    ++awaited_;
  }
  return out;
}

std::string UpstreamHandshake::auth() const {
  std::string out;
  if (cluster_.password.empty()) return out;
  protocol::write_array_header(out, cluster_.username.empty() ? 2 : 3);
  protocol::write_bulk(out, "AUTH");
  if (!cluster_.username.empty()) protocol::write_bulk(out, cluster_.username);
  protocol::write_bulk(out, cluster_.password);
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
  // A user who may not ask for it can do without.
  const bool is_id = asks_id_ && awaited_ == 1;
  if (is_id) {
    if (reply.starts_with(':')) {
      client_id_ = protocol::parse_decimal(reply.substr(1, reply.size() - 3)).value_or(0);
    }
  } else if (reply.starts_with('-')) {
    error_ = explain_auth_error(reply.substr(1, reply.size() - 3));
    return Status::failed;
  }
  return --awaited_ > 0 ? Status::waiting : Status::done;
}

}  // namespace slotway::proxy
