// What a client has asked for with CLIENT TRACKING and CACHING: plain data. Owner: a ClientSession, while it
// tracks. Thread: worker. Source: Redis documentation, "Client-side caching in Redis".
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace slotway::proxy {

struct ClientTracking {
  bool bcast = false;  // by prefixes; else by the keys that it reads
  bool optin = false;  // what it reads counts only after CLIENT CACHING YES
  bool optout = false;
  bool noloop = false;               // shown; it is told of its own changes all the same
  std::uint64_t redirect = 0;        // the client that is told instead; 0 = itself
  std::set<std::string> prefixes{};  // of bcast
  bool caching = false;              // CLIENT CACHING was given for the next command or transaction
  bool redirect_broken = false;
  std::vector<std::string> queued{};  // keys that its open transaction will read
  std::size_t queued_bytes = 0;       // of those, with what their strings take
};

// CLIENT TRACKINGINFO's reply; nullptr: it does not track.
void write_tracking_info(std::string& out, bool resp3, const ClientTracking* tracking);

}  // namespace slotway::proxy
