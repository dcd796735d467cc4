// What is said to a node before anything else on each connection: AUTH, or HELLO 3 with it, and CLIENT ID
// where somebody may have to name the connection to the node later (CLIENT UNBLOCK). Sans-I/O: it offers
// bytes to write and is fed the replies. TLS comes before it, READONLY will come after it: their place is
// here. Owner: an UpstreamConnection while it connects. Thread: worker. Invariant: no secret leaves it but in
// what start() returns.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "config/config.hpp"

namespace slotway::proxy {

class UpstreamHandshake {
 public:
  enum class Status : std::uint8_t { done, waiting, failed };

  UpstreamHandshake(const config::ClusterConfig& cluster, bool resp3, bool asks_id = false)
      : cluster_(cluster), resp3_(resp3), asks_id_(asks_id) {}

  // Begins anew: the bytes to write; empty = nothing to say, already done.
  std::string start();
  // One whole reply.
  Status on_reply(std::string_view reply);
  // After `failed`: what the node's answer means, and what to do.
  const std::string& error() const { return error_; }
  // After `done`: as which client the node knows the connection; 0 = it was not asked, or does not tell.
  std::int64_t client_id() const { return client_id_; }

 private:
  std::string hello() const;
  std::string auth() const;

  const config::ClusterConfig& cluster_;
  const bool resp3_;
  const bool asks_id_;
  int awaited_ = 0;  // replies
  std::int64_t client_id_ = 0;
  std::string error_;
};

}  // namespace slotway::proxy
