// What is said to a node before anything else on each connection: AUTH, or HELLO 3
// with it. Sans-I/O: it offers bytes to write and is fed the replies. TLS comes before it, READONLY will come
// after it: their place is here. Owner: an UpstreamConnection while it connects. Thread: worker. Invariant:
// no secret leaves it but in what start() returns.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "config/config.hpp"

namespace slotway::proxy {

class UpstreamHandshake {
 public:
  enum class Status : std::uint8_t { done, waiting, failed };

  UpstreamHandshake(const config::ClusterConfig& cluster, bool resp3) : cluster_(cluster), resp3_(resp3) {}

  // Begins anew: the bytes to write; empty = nothing to say, already done.
  std::string start();
  // One whole reply.
  Status on_reply(std::string_view reply);
  // After `failed`: what the node's answer means, and what to do.
  const std::string& error() const { return error_; }

 private:
  std::string hello() const;

  const config::ClusterConfig& cluster_;
  const bool resp3_;
  int awaited_ = 0;  // replies
  std::string error_;
};

}  // namespace slotway::proxy
