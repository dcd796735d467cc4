// What a worker tells the control plane about its upstream connections when it is asked (Worker::post): plain
// data. Owner: the asker. Thread: built on the worker, read on the control thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace slotway::proxy {

enum class UpstreamState : std::uint8_t {
  idle,
  waiting,  // as many as may be opened to its node at the same time are being opened
  resolving,
  connecting,
  handshaking,
  ready,
  backoff,  // until it is worth another try
  count_
};

struct UpstreamStatus {
  std::string node;  // "host:port"
  UpstreamState state = UpstreamState::idle;
  std::uint64_t in_flight = 0;     // requests sent, not answered
  std::uint64_t queued_bytes = 0;  // request bytes kept until their replies have come
  bool slow = false;               // the node answers much more slowly than the others
  unsigned upstream = 0;           // the number of the upstream that the node is of
};

struct WorkerStatus {
  std::vector<UpstreamStatus> upstreams;
};

}  // namespace slotway::proxy
