#include "proxy/upstream/upstream_handshake.hpp"

#include "protocol/reply_writer.hpp"
#include "proxy/upstream/auth_error.hpp"

namespace slotway::proxy {

namespace {

constexpr std::string_view kNoTouch = "*3\r\n$6\r\nCLIENT\r\n$8\r\nNO-TOUCH\r\n$2\r\nON\r\n";
constexpr std::string_view kReadonly = "*1\r\n$8\r\nREADONLY\r\n";
constexpr std::string_view kClientId = "*2\r\n$6\r\nCLIENT\r\n$2\r\nID\r\n";

}  // namespace

std::string UpstreamHandshake::start() {
  error_.clear();
  client_id_ = 0;
  no_touch_refused_ = false;
  said_ = answered_ = 0;
  std::string out;
  say(out, Step::login, options_.resp3 ? hello() : auth());
  if (options_.database != 0) {
    std::string select;
    protocol::write_select(select, options_.database);
    say(out, Step::select, select);
  }
  if (options_.readonly) say(out, Step::readonly, kReadonly);
  if (options_.no_touch) say(out, Step::no_touch, kNoTouch);
  if (options_.asks_id) say(out, Step::client_id, kClientId);
  return out;
}

void UpstreamHandshake::say(std::string& out, Step step, std::string_view bytes) {
  if (bytes.empty()) return;
  awaited_[said_++] = step;
  out += bytes;
}

std::string UpstreamHandshake::auth() const {
  std::string out;
  if (upstream_.password.empty()) return out;
  protocol::write_array_header(out, upstream_.username.empty() ? 2 : 3);
  protocol::write_bulk(out, "AUTH");
  if (!upstream_.username.empty()) protocol::write_bulk(out, upstream_.username);
  protocol::write_bulk(out, upstream_.password);
  return out;
}

std::string UpstreamHandshake::hello() const {
  std::string out;
  protocol::write_array_header(out, upstream_.password.empty() ? 2 : 5);
  protocol::write_bulk(out, "HELLO");
  protocol::write_bulk(out, "3");
  if (upstream_.password.empty()) return out;
  protocol::write_bulk(out, "AUTH");
  protocol::write_bulk(out, upstream_.username.empty() ? "default" : upstream_.username);
  protocol::write_bulk(out, upstream_.password);
  return out;
}

UpstreamHandshake::Status UpstreamHandshake::on_reply(std::string_view reply) {
  const bool refused = reply.starts_with('-');
  switch (awaited_[answered_++]) {
    case Step::login:
      if (!refused) break;
      error_ = explain_auth_error(reply.substr(1, reply.size() - 3));
      return Status::failed;
    case Step::select:
      if (!refused) break;
      // The server has fewer than it had, or the user may not say it. What is of another database must not go
      // here.
      error_ = "it refuses SELECT " + std::to_string(options_.database) +
               ": check its databases, and that its user may say SELECT";
      return Status::failed;
    case Step::readonly:
      if (!refused) break;
      error_ = "it refuses READONLY: check that its user may say it, or set upstream.read_from to primary";
      return Status::failed;
    case Step::no_touch: no_touch_refused_ = refused; break;
    case Step::client_id:
      // A user who may not ask for it can do without.
      if (reply.starts_with(':'))
        client_id_ = protocol::parse_decimal(reply.substr(1, reply.size() - 3)).value_or(0);
      break;
  }
  return answered_ < said_ ? Status::waiting : Status::done;
}

}  // namespace slotway::proxy
