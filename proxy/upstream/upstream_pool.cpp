#include "proxy/upstream/upstream_pool.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <string>

#include "config/units.hpp"

namespace slotway::proxy {

namespace {

// A pinned connection that nobody has wanted for so long is closed.
constexpr std::chrono::seconds kUnusedFor{30};
// So long after a long script another one is expected: else PING's answer would change back and forth.
constexpr std::chrono::seconds kScriptEcho{1};
// Of whom none can be reached the primary serves the read.
constexpr int kReadersTried = 3;

}  // namespace

UpstreamPool::UpstreamPool(boost::asio::io_context& io, Loop& loop, const config::UpstreamSettings& settings,
                           unsigned number)
    : loop_(loop), settings_(settings), number_(number), resolver_(io) {}

void UpstreamPool::set_topology(std::shared_ptr<const routing::Topology> topology) {
  if (!topology_ || !topology_->has_same_owners(*topology)) {
    ++map_version_;
    ++loop_.map_version;
  }
  topology_ = std::move(topology);
  node_count_ = topology_->nodes().size();
  shared_.assign(node_count_ * UpstreamUse::kSharedKinds, nullptr);
  serves_.assign(topology_->nodes().size(), false);
  for (const routing::Slot slot : topology_->shard_slots()) serves_[topology_->primary_of(slot)] = true;
  connections_.for_each([this](Handle, UpstreamConnection& connection) {
    const routing::NodeIndex node = topology_->find(connection.endpoint().host, connection.endpoint().port);
    if (connection.is_pinned()) return;  // it goes when its session gives it back, or unused
    const bool is_wanted =
        node != routing::kNoNode &&
        (!connection.use().replica || topology_->node(node).role == routing::NodeRole::replica);
    connection.retire(!is_wanted);
    if (!connection.use().replica) connection.note_serving(node != routing::kNoNode && serves_[node]);
    if (is_wanted) shared(node, connection.use()) = &connection;
  });
  reads_.set_map(topology_);
  choose_readers();
}

bool UpstreamPool::move_slot(routing::Slot slot, const routing::Endpoint& endpoint) {
  if (!topology_) return false;
  const routing::Endpoint* owner = topology_->owner_of(slot);
  if (owner && *owner == endpoint) return false;
  set_topology(topology_->with_slot(slot, endpoint));
  return true;
}

bool UpstreamPool::is_covered(routing::Slot slot) const {
  if (!topology_) return false;
  return slot == routing::kAnySlot ? next_primary(0) != routing::kNoNode
                                   : topology_->owner_of(slot) != nullptr;
}

UpstreamConnection* UpstreamPool::for_slot(routing::Slot slot, UpstreamUse use) {
  if (!topology_) return nullptr;
  const routing::NodeIndex node = topology_->primary_of(slot);
  return node == routing::kNoNode ? nullptr : for_node(node, use);
}

UpstreamConnection* UpstreamPool::for_read(routing::Slot slot, config::ReadFrom policy, UpstreamUse use,
                                           TimePoint since) {
  const routing::NodeIndex primary = topology_ ? topology_->primary_of(slot) : routing::kNoNode;
  use.replica = true;
  for (int i = 0; i < kReadersTried; ++i) {
    const routing::NodeIndex node = reads_.next(primary, policy, since);
    if (node == routing::kNoNode || node == primary) return nullptr;
    UpstreamConnection* connection = for_node(node, use);
    if (connection && connection->accepts(loop_.now)) return connection;
  }
  return nullptr;
}

void UpstreamPool::set_replica_facts(std::shared_ptr<const routing::ReplicaFacts> facts) {
  reads_.set_facts(std::move(facts));
  choose_readers();
}

void UpstreamPool::bench(const routing::Endpoint& replica) {
  reads_.bench(replica, loop_.now);
  choose_readers();
}

UpstreamConnection* UpstreamPool::any_primary(UpstreamUse use) {
  // That of the last slot, whatever the order in the map, else the first that is not known to be down: a
  // script without keys finds what it left there, and is found there again by its sha.
  UpstreamConnection* last = nullptr;
  const routing::NodeIndex home =
      topology_ ? topology_->primary_of(routing::kSlotCount - 1) : routing::kNoNode;
  if (home != routing::kNoNode && topology_->node(home).healthy) {
    last = for_node(home, use);
    if (last && last->accepts(loop_.now)) return last;
  }
  for (std::size_t i = next_primary(0); i != routing::kNoNode; i = next_primary(i + 1)) {
    last = for_node(static_cast<routing::NodeIndex>(i), use);
    if (last && last->accepts(loop_.now)) return last;
  }
  return last;
}

// kNoNode: there is none.
std::size_t UpstreamPool::next_primary(std::size_t from) const {
  for (; topology_ && from < topology_->nodes().size(); ++from) {
    const routing::Node& node = topology_->node(static_cast<routing::NodeIndex>(from));
    if (node.role == routing::NodeRole::primary && node.healthy) return from;
  }
  return routing::kNoNode;
}

UpstreamConnection* UpstreamPool::at(const routing::Endpoint& endpoint, UpstreamUse use) {
  const routing::NodeIndex node =
      topology_ ? topology_->find(endpoint.host, endpoint.port) : routing::kNoNode;
  if (!use.replica && (node == routing::kNoNode || !serves_[node])) ++strays_;
  if (use.pinned) return lease(endpoint, use);
  UpstreamConnection* found = nullptr;
  connections_.for_each([&](Handle, UpstreamConnection& connection) {
    if (connection.use() == use && connection.endpoint() == endpoint) found = &connection;
  });
  return found ? found : &open(endpoint, use);
}

UpstreamConnection& UpstreamPool::open(const routing::Endpoint& endpoint, UpstreamUse use) {
  const Handle place = connections_.emplace(*this, loop_, *events_, endpoint, use);
  UpstreamConnection& connection = connections_.at(place);
  connection.set_handle(with_number(place));
  const routing::NodeIndex node =
      topology_ ? topology_->find(endpoint.host, endpoint.port) : routing::kNoNode;
  connection.note_serving(!use.replica && node != routing::kNoNode && serves_[node]);
  return connection;
}

UpstreamConnection* UpstreamPool::for_node(routing::NodeIndex node, UpstreamUse use) {
  if (use.pinned) return lease(topology_->node(node).endpoint, use);
  UpstreamConnection*& connection = shared(node, use);
  if (!connection) connection = at(topology_->node(node).endpoint, use);
  return connection;
}

void UpstreamPool::make_room_for(std::uint16_t database) {
  shared_.resize((database + std::size_t{1}) * node_count_ * UpstreamUse::kSharedKinds);
}

UpstreamConnection* UpstreamPool::lease(const routing::Endpoint& endpoint, UpstreamUse use) {
  for (std::size_t i = free_.size(); i-- > 0;) {
    UpstreamConnection* connection = find(free_[i].connection);
    if (!connection || connection->is_retired() || connection->use() != use ||
        connection->endpoint() != endpoint) {
      continue;
    }
    free_.erase(free_.begin() + static_cast<std::ptrdiff_t>(i));
    return connection;
  }
  if (pinned_ >= settings_.limits.max_pinned_per_worker) {
    // One to another node may go.
    if (free_.empty()) return nullptr;
    if (UpstreamConnection* oldest = find(free_.front().connection)) oldest->abandon();
    free_.erase(free_.begin());
  }
  ++pinned_;
  return &open(endpoint, use);
}

void UpstreamPool::release(UpstreamConnection& connection) {
  if (!connection.is_retired()) free_.push_back({connection.handle(), loop_.now});
}

void UpstreamPool::close_unused() {
  std::erase_if(free_, [this](const Free& free) {
    UpstreamConnection* connection = find(free.connection);
    if (!connection || connection->is_retired()) return true;
    if (loop_.now - free.since < kUnusedFor) return false;
    connection->abandon();
    return true;
  });
}

void UpstreamPool::on_io(Handle handle, std::uint32_t events) {
  if (UpstreamConnection* connection = find(handle)) connection->on_io(events);
}

void UpstreamPool::on_tick() {
  close_unused();
  connections_.for_each([&](Handle place, UpstreamConnection& connection) {
    connection.on_tick();
    if (connection.awaits_script()) long_scripts_until_ = loop_.now + kScriptEcho;
    if (connection.is_done() &&
        std::find(scheduled_.begin(), scheduled_.end(), &connection) == scheduled_.end()) {
      if (connection.is_pinned()) --pinned_;
      connection.abandon();
      connections_.erase(place);
    }
  });
  if (loop_.now >= next_judgement_) judge_latencies();
  long_scripts_.set(loop_.counters.long_scripts, loop_.now < long_scripts_until_ ? 1 : 0);
}

void UpstreamPool::flush_scheduled() {
  // A flush that fails may schedule others: they have their turn in the same loop.
  for (std::size_t i = 0; i < scheduled_.size(); ++i) scheduled_[i]->flush();
  scheduled_.clear();
  if (std::exchange(gate_left_, false)) open_waiting();
}

void UpstreamPool::open_waiting() {
  while (const auto waiting = gate_.next(settings_.limits.max_connecting_per_node)) {
    if (UpstreamConnection* connection = find(*waiting)) connection->enter_gate();
  }
}

void UpstreamPool::judge_latencies() {
  next_judgement_ = loop_.now + std::chrono::seconds(1);
  std::vector<routing::NodeSecond>& nodes = seconds_;
  nodes.clear();
  connections_.for_each([&](Handle, UpstreamConnection& connection) {
    if (connection.is_pinned()) return;  // it may wait as long as its client wants
    auto node = std::find_if(nodes.begin(), nodes.end(), [&](const routing::NodeSecond& second) {
      return *second.node == connection.endpoint();
    });
    if (node == nodes.end()) node = nodes.insert(node, {&connection.endpoint()});
    connection.report_latency(*node);
  });
  for (const routing::NodeSecond& second : nodes)
    reads_.set_latency(*second.node, routing::latency_us(second).value_or(0));
  choose_readers();
  for (const routing::SlowChange& change : slow_nodes_.observe(nodes)) {
    const std::string name = config::print_host_port(change.node.host, change.node.port);
    const auto ms = [](std::chrono::microseconds time) { return static_cast<double>(time.count()) / 1000; };
    if (change.slow) {
      spdlog::warn("node {} answers slowly: {:.1f} ms in the last second, and the others {:.1f} ms", name,
                   ms(change.latency), ms(change.others));
    } else {
      spdlog::info("node {} answers about as fast as the others again", name);
    }
  }
}

void UpstreamPool::give_back_misplaced() {
  connections_.for_each([&](Handle, UpstreamConnection& connection) {
    if (!connection.is_opening() || connection.pipeline().empty()) return;
    if (connection.use().replica && !connection.is_retired()) return;
    const routing::Slot slot = connection.pipeline().front().slot;
    const routing::Endpoint* owner = slot == routing::kAnySlot ? nullptr : topology_->owner_of(slot);
    if (owner ? *owner != connection.endpoint() : connection.is_retired()) events_->on_lost(connection);
  });
}

std::vector<UpstreamStatus> UpstreamPool::statuses() {
  std::vector<UpstreamStatus> out;
  connections_.for_each([&](Handle, UpstreamConnection& connection) {
    out.push_back(connection.status());
    out.back().upstream = number_;
    out.back().slow = slow_nodes_.is_slow(connection.endpoint());
  });
  return out;
}

void UpstreamPool::resolve(Handle handle, const routing::Endpoint& endpoint) {
  resolver_.async_resolve(endpoint.host, std::to_string(endpoint.port),
                          [this, handle](const boost::system::error_code&, const auto& results) {
                            std::vector<boost::asio::ip::tcp::endpoint> addresses;
                            for (const auto& result : results) addresses.push_back(result.endpoint());
                            turn_([&] {
                              if (UpstreamConnection* connection = find(handle))
                                connection->on_resolved(std::move(addresses));
                            });
                          });
}

}  // namespace slotway::proxy
