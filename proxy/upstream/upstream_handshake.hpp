// What is said to a node before anything else on each connection: AUTH, or HELLO 3 with it, SELECT
// of a database but 0, READONLY to a cluster's replica, CLIENT NO-TOUCH ON for clients that said so, and
// CLIENT ID where somebody may have to name the connection to the node later (CLIENT UNBLOCK). Sans-I/O: it
// offers bytes to write and is fed the replies. TLS comes before it, READONLY will come after it: their place
// is here. Owner: an UpstreamConnection while it connects. Thread: worker. Invariant: no secret leaves it but
// in what start() returns.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "config/config.hpp"

namespace slotway::proxy {

class UpstreamHandshake {
 public:
  enum class Status : std::uint8_t { done, waiting, failed };

  struct Options {
    bool resp3 = false;
    bool asks_id = false;
    bool no_touch = false;
    std::uint16_t database = 0;
    bool readonly = false;
  };

  UpstreamHandshake(const config::UpstreamConfig& upstream, Options options)
      : upstream_(upstream), options_(options) {}

  // Begins anew: the bytes to write; empty = nothing to say, already done.
  std::string start();
  // One whole reply.
  Status on_reply(std::string_view reply);
  // After `failed`: what the node's answer means, and what to do.
  const std::string& error() const { return error_; }
  // After `done`: as which client the node knows the connection; 0 = it was not asked, or does not tell.
  std::int64_t client_id() const { return client_id_; }
  // After `done`: the node does not know CLIENT NO-TOUCH, or the user may not say it.
  bool no_touch_refused() const { return no_touch_refused_; }

 private:
  enum class Step : std::uint8_t { login, select, readonly, no_touch, client_id };

  std::string hello() const;
  std::string auth() const;
  void say(std::string& out, Step step, std::string_view bytes);

  const config::UpstreamConfig& upstream_;
  const Options options_;
  std::array<Step, 5> awaited_{};  // replies, in their order
  std::size_t said_ = 0;           // of awaited_
  std::size_t answered_ = 0;       // of awaited_
  bool no_touch_refused_ = false;
  std::int64_t client_id_ = 0;
  std::string error_;
};

}  // namespace slotway::proxy
