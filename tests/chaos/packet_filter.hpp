// A rule of nftables that drops all packets to and from one TCP port. Owner: a fault. Thread: main's.
// Invariant: the rule is in a table of its own, which the destructor deletes.
#pragma once

#include <cstdint>
#include <string>

namespace slotway::chaos {

class PacketFilter {
 public:
  // Why there can be none: nft is missing, or not permitted; empty if there can.
  static std::string why_not();

  // Throws std::runtime_error with what nft says.
  explicit PacketFilter(std::uint16_t port);
  ~PacketFilter();
  PacketFilter(const PacketFilter&) = delete;
  PacketFilter& operator=(const PacketFilter&) = delete;

 private:
  std::string table_;
};

}  // namespace slotway::chaos
