#include "tests/chaos/packet_filter.hpp"

#include <unistd.h>

#include <chrono>
#include <stdexcept>

#include "tests/kit/child_process.hpp"

namespace slotway::chaos {
namespace {

kit::CommandResult nft(const std::string& rules) {
  return kit::run_command({"nft", rules}, std::chrono::seconds(10));
}

std::string table_of_this_process() { return "inet slotway_chaos_" + std::to_string(::getpid()); }

}  // namespace

std::string PacketFilter::why_not() {
  constexpr int kNotFound = 127;
  const std::string table = table_of_this_process();
  // With a chain at a hook, as the rule needs it: the kernel may know tables and no hooks.
  const kit::CommandResult tried = nft("add table " + table + "; add chain " + table +
                                       " test { type filter hook input priority 0; }; delete table " + table);
  if (tried.exit_code == 0) return "";
  return tried.exit_code == kNotFound ? "nft is not installed" : "nft is not permitted";
}

PacketFilter PacketFilter::of_port(std::uint16_t port) {
  const std::string number = std::to_string(port);
  return PacketFilter({"tcp dport " + number, "tcp sport " + number});
}

PacketFilter PacketFilter::between(const std::string& address, const std::vector<std::string>& others) {
  std::string set;
  for (const std::string& other : others) set += (set.empty() ? "{ " : ", ") + other;
  set += " }";
  return PacketFilter(
      {"ip saddr " + address + " ip daddr " + set, "ip saddr " + set + " ip daddr " + address});
}

PacketFilter::PacketFilter(const std::vector<std::string>& matches) : table_(table_of_this_process()) {
  std::string rules =
      "add table " + table_ + "; add chain " + table_ + " cut { type filter hook input priority 0; }";
  for (const std::string& match : matches) rules += "; add rule " + table_ + " cut " + match + " drop";
  const kit::CommandResult added = nft(rules);
  if (added.exit_code != 0) throw std::runtime_error("nft: " + added.output);
}

PacketFilter::~PacketFilter() { nft("delete table " + table_); }

}  // namespace slotway::chaos
