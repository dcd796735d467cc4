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

PacketFilter::PacketFilter(std::uint16_t port) : table_(table_of_this_process()) {
  const std::string number = std::to_string(port);
  const kit::CommandResult added =
      nft("add table " + table_ + "; add chain " + table_ +
          " cut { type filter hook input priority 0; }; add rule " + table_ + " cut tcp dport " + number +
          " drop; add rule " + table_ + " cut tcp sport " + number + " drop");
  if (added.exit_code != 0) throw std::runtime_error("nft: " + added.output);
}

PacketFilter::~PacketFilter() { nft("delete table " + table_); }

}  // namespace slotway::chaos
