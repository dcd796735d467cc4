// Decides what is to be done with a request: plan(request, session facts) -> Plan. Pure but for its reused
// buffers. Owner: one per Worker. Thread: worker. The slot is the result, not the node: which node serves a
// slot is looked up by the dispatcher each time a request is sent, so that first sends and retries take one
// path.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "config/config.hpp"
#include "protocol/learned_commands.hpp"
#include "protocol/request.hpp"
#include "routing/plan.hpp"
#include "routing/session_facts.hpp"
#include "routing/splitter.hpp"

namespace slotway::routing {

// Which slots keys are of: by their hash, as in a cluster, or all of one, which is served by one server.
enum class Keyspace : std::uint8_t { slots, one_shard };

class Planner {
 public:
  // In a keyspace of one shard all keys are of this slot.
  static constexpr Slot kOneSlot = 0;

  // `debug`: the DEBUG command is allowed.
  explicit Planner(const config::MultikeyConfig& multikey, bool debug = false,
                   Keyspace keyspace = Keyspace::slots)
      : multikey_(multikey), debug_(debug), one_shard_(keyspace == Keyspace::one_shard) {}

  Plan plan(const protocol::RequestView& request, const SessionFacts& facts);
  // The same in two steps.
  const protocol::CommandRow* find_row(const protocol::RequestView& request) const;  // nullptr: unknown
  Plan plan_as(const protocol::CommandRow& row, const protocol::RequestView& request,
               const SessionFacts& facts);

  // As for the constructor, from the next plan on.
  void set_options(const config::MultikeyConfig& multikey, bool debug) {
    multikey_ = multikey;
    debug_ = debug;
  }

  // What nodes have described beyond the built-in table. Rows of earlier ones stay valid.
  void set_learned(std::shared_ptr<const protocol::LearnedCommands> learned) {
    learned_ = std::move(learned);
  }

  // Of the last plan, if it was a FanOut.
  const Splitter& splitter() const { return splitter_; }
  std::span<const std::uint32_t> keys() const { return keys_; }

 private:
  Plan decide(const protocol::RequestView& request, const protocol::CommandRow& row,
              const SessionFacts& facts);
  Plan plan_queued(const protocol::RequestView& request, const protocol::CommandRow& row,
                   const SessionFacts& facts);
  Plan plan_blocking(const protocol::RequestView& request, const protocol::CommandRow& row);
  static Plan plan_wait(const protocol::RequestView& request, const protocol::CommandRow& row);
  Plan plan_watch(const protocol::RequestView& request, const protocol::CommandRow& row);
  Plan plan_subscription(const protocol::RequestView& request, const protocol::CommandRow& row);
  Plan plan_by_key(const protocol::RequestView& request, const protocol::CommandRow& row);
  Single plan_one_key(const protocol::RequestView& request, const protocol::CommandRow& row) const;
  Slot slot_for(std::string_view key) const { return one_shard_ ? kOneSlot : slot_of(key); }
  bool runs_in_transaction(const protocol::CommandRow& row) const;

  Plan plan_debug(const protocol::RequestView& request, const protocol::CommandRow& row) const;

  config::MultikeyConfig multikey_;
  std::shared_ptr<const protocol::LearnedCommands> learned_;
  bool debug_;
  const bool one_shard_;
  Splitter splitter_;
  std::vector<std::uint32_t> keys_;
};

}  // namespace slotway::routing
