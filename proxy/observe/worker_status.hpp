// What a worker tells the control plane about its upstream connections when it is asked (Worker::post): plain
// data. Owner: the asker. Thread: built on the worker, read on the control thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace slotway::proxy {

enum class UpstreamState : std::uint8_t { idle, resolving, connecting, handshaking, ready, backoff, count_ };

struct UpstreamStatus {
  std::string node;  // "host:port"
  UpstreamState state = UpstreamState::idle;
  std::uint64_t in_flight = 0;     // requests sent, not answered
  std::uint64_t queued_bytes = 0;  // request bytes kept until their replies have come
};

struct WorkerStatus {
  std::vector<UpstreamStatus> upstreams;
};

}  // namespace slotway::proxy
