#include "proxy/dispatch/reply_comparisons.hpp"

#include <spdlog/spdlog.h>

#include <utility>

#include "config/problem.hpp"

namespace slotway::proxy {

namespace {

// Of a reply that differs the log shows so much.
constexpr std::size_t kShownReply = 48;

}  // namespace

std::uint64_t ReplyComparisons::begin(Handle slot, std::string request, std::string_view from,
                                      std::string_view to) {
  const std::uint64_t number = ++numbers_;
  pairs_.emplace(number, Pair{std::move(request), from, to, loop_.now, {}, {}});
  by_slot_[slot.packed()] = number;
  return number;
}

void ReplyComparisons::take(Reply& place, std::string_view reply) {
  place = {true, reply.size(), std::hash<std::string_view>{}(reply),
           std::string(reply.substr(0, kShownReply))};
}

void ReplyComparisons::on_original(Handle slot, std::string_view reply) {
  const auto node = by_slot_.extract(slot.packed());
  if (!node) return;
  const auto pair = pairs_.find(node.mapped());
  if (pair == pairs_.end()) return;
  take(pair->second.original, reply);
  if (pair->second.mirrored.has_come) judge(pair->first, pair->second);
}

void ReplyComparisons::on_mirrored(std::uint64_t number, std::string_view reply) {
  const auto pair = pairs_.find(number);
  if (pair == pairs_.end()) return;
  take(pair->second.mirrored, reply);
  if (pair->second.original.has_come) judge(number, pair->second);
}

void ReplyComparisons::judge(std::uint64_t number, const Pair& pair) {
  loop_.counters.mirror_compared.add();
  const bool differs = pair.original.size != pair.mirrored.size || pair.original.hash != pair.mirrored.hash;
  if (differs) {
    loop_.counters.mirror_differing.add();
    if (const auto left_out = log_.allow(loop_.now)) {
      spdlog::warn("mirror: {} was answered {} by {}, and {} by {} ({} more like this)",
                   config::printable(pair.request), config::quoted(pair.original.beginning), pair.from,
                   config::quoted(pair.mirrored.beginning), pair.to, *left_out);
    }
  }
  pairs_.erase(number);
}

// Clients that have left get no reply, and a slot's place may be another one's by now.
void ReplyComparisons::on_tick() {
  std::erase_if(pairs_, [this](const auto& entry) { return loop_.now - entry.second.since >= kPatience; });
  std::erase_if(by_slot_, [this](const auto& entry) { return !pairs_.contains(entry.second); });
}

}  // namespace slotway::proxy
