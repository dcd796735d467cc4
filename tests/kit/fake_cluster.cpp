#include "tests/kit/fake_cluster.hpp"

#include <algorithm>
#include <utility>

#include "routing/key_slot.hpp"

namespace slotway::kit {
namespace {

using routing::kSlotCount;

std::string bulk(const std::string& text) {
  return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
}
std::string number(std::size_t n) { return ":" + std::to_string(n) + "\r\n"; }
std::string array(std::size_t n) { return "*" + std::to_string(n) + "\r\n"; }

std::string node_id(std::size_t node) { return std::string(39, 'f') + std::to_string(node); }

}  // namespace

FakeCluster::FakeCluster(std::size_t nodes, std::string version) : version_(std::move(version)) {
  for (std::size_t i = 0; i < nodes; ++i) {
    add_node();
    owners_.push_back(i);
  }
}

FakeCluster::~FakeCluster() {
  for (const auto& node : nodes_) node->set_control({});
  // Their threads call back here.
  nodes_.clear();
}

std::vector<config::HostPort> FakeCluster::seeds() const {
  std::vector<config::HostPort> out;
  for (const auto& node : nodes_) out.push_back({"127.0.0.1", node->port()});
  return out;
}

std::string FakeCluster::redirect(const std::string& kind, const std::string& key, std::size_t node) const {
  return "-" + kind + " " + std::to_string(routing::slot_of(key)) +
         " 127.0.0.1:" + std::to_string(nodes_[node]->port()) + "\r\n";
}

std::string FakeCluster::key(std::size_t node, std::size_t n) const {
  std::vector<routing::Slot> seen;
  for (int i = 0;; ++i) {
    std::string key = "k" + std::to_string(i);
    const routing::Slot slot = routing::slot_of(key);
    const std::size_t range = slot * owners_.size() / kSlotCount;
    if (range != node || std::find(seen.begin(), seen.end(), slot) != seen.end()) continue;
    if (seen.size() == n) return key;
    seen.push_back(slot);
  }
}

std::size_t FakeCluster::add_node() {
  const std::size_t index = nodes_.size();
  auto node = std::make_unique<FakeRedis>();
  node->set_control([this, index](const FakeRedis::Request& request) { return control(index, request); });
  const std::lock_guard lock(mutex_);
  nodes_.push_back(std::move(node));
  names_.emplace_back();
  zones_.emplace_back();
  return index;
}

std::size_t FakeCluster::add_replica(std::size_t primary) {
  const std::size_t replica = add_node();
  const std::lock_guard lock(mutex_);
  replicas_.emplace_back(primary, replica);
  ++epoch_;
  return replica;
}

void FakeCluster::announce_zone(std::size_t node, std::string zone) {
  const std::lock_guard lock(mutex_);
  zones_[node] = std::move(zone);
}

void FakeCluster::move_all(std::size_t from, std::size_t to) {
  const std::lock_guard lock(mutex_);
  std::replace(owners_.begin(), owners_.end(), from, to);
  ++epoch_;
}

void FakeCluster::move(std::size_t node, const std::string& address) {
  nodes_[node]->move(address);
  const std::lock_guard lock(mutex_);
  ++epoch_;
}

void FakeCluster::name(std::size_t node, std::string name) {
  const std::lock_guard lock(mutex_);
  names_[node] = std::move(name);
  ++epoch_;
}

void FakeCluster::speak_redis_6() {
  const std::lock_guard lock(mutex_);
  has_shards_ = false;
}

void FakeCluster::require_password(std::string password) {
  const std::lock_guard lock(mutex_);
  password_ = std::move(password);
}

std::size_t FakeCluster::refreshes() {
  const std::lock_guard lock(mutex_);
  return refreshes_;
}

std::optional<FakeRedis::Reaction> FakeCluster::control(std::size_t node, const FakeRedis::Request& request) {
  const std::lock_guard lock(mutex_);
  const Args& args = request.args;
  const std::pair connection{node, request.connection};
  if (args[0] == "AUTH" && !password_.empty()) {
    if (args.back() != password_) return FakeRedis::Reaction{"-WRONGPASS invalid username-password pair\r\n"};
    logged_in_.push_back(connection);
    return FakeRedis::Reaction{"+OK\r\n"};
  }
  if (!password_.empty() && std::find(logged_in_.begin(), logged_in_.end(), connection) == logged_in_.end()) {
    return FakeRedis::Reaction{"-NOAUTH Authentication required.\r\n"};
  }
  if (args == Args{"CLIENT", "ID"}) return FakeRedis::Reaction{number(request.connection)};
  if (args[0] == "INFO") return FakeRedis::Reaction{bulk(info(node))};
  if (args[0] == "COMMAND" && args.size() == 1) return FakeRedis::Reaction{commands_};
  if (args[0] != "CLUSTER" || args.size() < 2) return std::nullopt;
  if (args[1] == "INFO") {
    return FakeRedis::Reaction{
        bulk("cluster_state:ok\r\ncluster_current_epoch:" + std::to_string(epoch_) + "\r\n")};
  }
  if (args[1] == "SHARDS" && !has_shards_) {
    return FakeRedis::Reaction{
        "-ERR Unknown subcommand or wrong number of arguments for 'SHARDS'. Try CLUSTER HELP.\r\n"};
  }
  ++refreshes_;
  return FakeRedis::Reaction{args[1] == "SHARDS" ? shards() : slots()};
}

void FakeCluster::describe_commands(std::string reply) {
  const std::lock_guard lock(mutex_);
  commands_ = std::move(reply);
}

std::string FakeCluster::endpoint(std::size_t node) const {
  return names_[node].empty() ? nodes_[node]->address() : names_[node];
}

std::string FakeCluster::info(std::size_t node) const {
  const auto is_replica = std::any_of(replicas_.begin(), replicas_.end(),
                                      [node](const auto& pair) { return pair.second == node; });
  std::string out = "# Server\r\nredis_version:" + version_ + "\r\nrun_id:" + node_id(node) + "\r\n";
  if (!zones_[node].empty()) out += "availability_zone:" + zones_[node] + "\r\n";
  out += std::string("# Replication\r\nrole:") + (is_replica ? "slave" : "master") +
         "\r\nmaster_repl_offset:1\r\n";
  std::string lines;
  std::size_t count = 0;
  for (const auto& [primary, replica] : replicas_) {
    if (primary != node) continue;
    lines += "slave" + std::to_string(count++) + ":ip=" + nodes_[replica]->address() +
             ",port=" + std::to_string(nodes_[replica]->port()) + ",state=online,offset=1,lag=0\r\n";
  }
  return out + "connected_slaves:" + std::to_string(count) + "\r\n" + lines;
}

std::string FakeCluster::described(std::size_t node, const std::string& role) const {
  return array(14) + bulk("id") + bulk(node_id(node)) + bulk("port") + number(nodes_[node]->port()) +
         bulk("ip") + bulk(nodes_[node]->address()) + bulk("endpoint") + bulk(endpoint(node)) + bulk("role") +
         bulk(role) + bulk("replication-offset") + number(1) + bulk("health") + bulk("online");
}

std::string FakeCluster::shards() const {
  std::string out;
  std::size_t count = 0;
  for (std::size_t node = 0; node < nodes_.size(); ++node) {
    std::string ranges;
    std::size_t bounds = 0;
    for (std::size_t r = 0; r < owners_.size(); ++r) {
      if (owners_[r] != node) continue;
      // Slot s is in range s * ranges / kSlotCount, rounded down.
      ranges += number((r * kSlotCount + owners_.size() - 1) / owners_.size());
      ranges += number(((r + 1) * kSlotCount + owners_.size() - 1) / owners_.size() - 1);
      bounds += 2;
    }
    if (bounds == 0) continue;
    ++count;
    std::string nodes = described(node, "master");
    std::size_t node_count = 1;
    for (const auto& [primary, replica] : replicas_) {
      if (primary != node) continue;
      nodes += described(replica, "replica");
      ++node_count;
    }
    out += array(4) + bulk("slots") + array(bounds) + ranges + bulk("nodes") + array(node_count) + nodes;
  }
  return array(count) + out;
}

std::string FakeCluster::slots() const {
  std::string out = array(owners_.size());
  for (std::size_t r = 0; r < owners_.size(); ++r) {
    out += array(3) + number((r * kSlotCount + owners_.size() - 1) / owners_.size()) +
           number(((r + 1) * kSlotCount + owners_.size() - 1) / owners_.size() - 1) + array(3) +
           bulk(endpoint(owners_[r])) + number(nodes_[owners_[r]]->port()) + bulk(node_id(owners_[r]));
  }
  return out;
}

}  // namespace slotway::kit
