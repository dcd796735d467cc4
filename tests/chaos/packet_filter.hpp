// Rules of nftables that drop packets on this machine: all of one TCP port, or all between two sides. Owner:
// a fault. Thread: main's. Invariant: the rules are in a table of their own, which the destructor deletes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace slotway::chaos {

class PacketFilter {
 public:
  // Why there can be none: nft is missing, or not permitted; empty if there can.
  static std::string why_not();

  // To and from a port. Both throw std::runtime_error with what nft says.
  static PacketFilter of_port(std::uint16_t port);
  // Between one address and the others, in both directions.
  static PacketFilter between(const std::string& address, const std::vector<std::string>& others);
  ~PacketFilter();
  PacketFilter(const PacketFilter&) = delete;
  PacketFilter& operator=(const PacketFilter&) = delete;

 private:
  // What is dropped, as nft writes it.
  explicit PacketFilter(const std::vector<std::string>& matches);

  std::string table_;
};

}  // namespace slotway::chaos
