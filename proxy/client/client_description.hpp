// What CLIENT INFO and CLIENT LIST tell of one client, as data and as the line of text that Redis 7.0 writes
// (networking.c, catClientInfoString). Pure; any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace slotway::proxy {

enum class ClientType : std::uint8_t { normal, master, replica, pubsub };

// normal, master, replica, slave or pubsub, in any case.
std::optional<ClientType> parse_client_type(std::string_view text);

// Of CLIENT TRACKING.
struct TrackingDescription {
  std::uint64_t redirect = 0;  // 0 = to itself
  bool bcast = false;
  bool redirect_broken = false;
};

struct ClientDescription {
  std::uint64_t id = 0;
  std::string address;        // the client's, HOST:PORT; on a unix socket, its path and ":0"
  std::string local_address;  // what it is connected to
  bool unix_socket = false;
  int descriptor = -1;
  std::string name;
  std::string user = "default";
  std::string lib_name;  // CLIENT SETINFO
  std::string lib_version;
  std::chrono::seconds age{0};
  std::chrono::seconds idle{0};
  ClientType type = ClientType::normal;
  std::size_t channels = 0;  // it is subscribed to, and so with patterns and shard channels
  std::size_t patterns = 0;
  std::size_t shard_channels = 0;
  bool blocked = false;                 // waits in a blocking command, or by CLIENT PAUSE
  std::optional<std::uint32_t> queued;  // commands of its open transaction
  bool monitors = false;
  bool closing = false;   // closes when all is answered
  bool readonly = false;  // after READONLY
  bool no_evict = false;
  bool no_touch = false;
  std::uint16_t database = 0;
  std::optional<TrackingDescription> tracking;
  bool resp3 = false;
  bool waits_to_write = false;  // its socket takes no more for now
  std::size_t query_bytes = 0;
  std::size_t output_bytes = 0;
  std::size_t transaction_bytes = 0;  // queued in its open transaction
  std::size_t memory_bytes = 0;
  std::string_view command;  // the last one; empty = none yet, or an unknown one

  // Without a line end.
  std::string line() const;
};

}  // namespace slotway::proxy
