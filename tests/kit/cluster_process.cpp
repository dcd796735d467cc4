#include "tests/kit/cluster_process.hpp"

#include <algorithm>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "tests/kit/wait_until.hpp"

namespace slotway::kit {
namespace {

constexpr std::size_t kSlots = 16384;

std::vector<std::string> node_arguments(const std::vector<std::string>& more) {
  std::vector<std::string> arguments = {"--cluster-enabled",
                                        "yes",
                                        "--cluster-node-timeout",
                                        std::to_string(ClusterProcess::kNodeTimeoutMs),
                                        "--cluster-config-file",
                                        "nodes.conf",
                                        "--repl-diskless-sync",
                                        "yes",
                                        "--repl-diskless-sync-delay",
                                        "0",
                                        "--cluster-allow-replica-migration",
                                        "no",
                                        "--enable-debug-command",
                                        "yes"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

// The lines of CLUSTER NODES, as words.
std::vector<std::vector<std::string>> node_lines(const std::string& text) {
  std::vector<std::vector<std::string>> lines;
  std::istringstream all(text);
  for (std::string line; std::getline(all, line);) {
    std::istringstream words(line);
    std::vector<std::string>& out = lines.emplace_back();
    for (std::string word; words >> word;) out.push_back(word);
  }
  return lines;
}

std::string address_of(const RedisProcess& node) {
  return node.address() + ":" + std::to_string(node.port());
}

bool has_flag(const std::string& flags, std::string_view flag) {
  return flags.find(flag) != std::string::npos;
}

}  // namespace

ClusterProcess::ClusterProcess(const std::vector<std::string>& arguments, std::string network)
    : arguments_(node_arguments(arguments)), network_(std::move(network)) {
  for (std::size_t i = 0; i < kNodes; ++i) {
    start_node();
    must(i, {"CLUSTER", "SET-CONFIG-EPOCH", std::to_string(i + 1)});
  }
  for (std::size_t i = 0; i < kPrimaries; ++i) {
    const std::size_t first = kSlots * i / kPrimaries;
    const std::size_t last = kSlots * (i + 1) / kPrimaries - 1;
    must(i, {"CLUSTER", "ADDSLOTSRANGE", std::to_string(first), std::to_string(last)});
  }
  meet();
  for (std::size_t i = kPrimaries; i < kNodes; ++i) must(i, {"CLUSTER", "REPLICATE", ids_[i - kPrimaries]});
  wait_until_ok();
  wait_until_in_sync();
}

std::string ClusterProcess::address_in(const std::string& network, std::size_t index) {
  return network.empty() ? "127.0.0.1" : network + "." + std::to_string(index + 1);
}

std::string ClusterProcess::seeds() const {
  std::string out;
  for (const auto& node : nodes_) out += (out.empty() ? "" : ",") + address_of(*node);
  return out;
}

std::uint16_t ClusterProcess::slot_of(std::string_view key) {
  return static_cast<std::uint16_t>(any_running().command({"CLUSTER", "KEYSLOT", std::string(key)}).integer);
}

std::size_t ClusterProcess::primary_of(std::uint16_t slot) {
  const Reply ranges = any_running().command({"CLUSTER", "SLOTS"});
  for (const Reply& range : ranges.elements) {
    if (slot < range.elements.at(0).integer || slot > range.elements.at(1).integer) continue;
    return index_of(range.elements.at(2).elements.at(2).text);
  }
  return kNone;
}

std::size_t ClusterProcess::replica_of(std::size_t primary) {
  for (const auto& words : node_lines(any_running().command({"CLUSTER", "NODES"}).text)) {
    const std::size_t index = index_of(words.at(0));
    if (index != kNone && words.at(3) == ids_[primary] && node(index).running()) return index;
  }
  return kNone;
}

std::vector<std::size_t> ClusterProcess::primaries() {
  std::vector<std::size_t> out;
  for (const auto& words : node_lines(any_running().command({"CLUSTER", "NODES"}).text)) {
    const std::size_t index = index_of(words.at(0));
    if (index != kNone && has_flag(words.at(2), "master") && words.size() > 8) out.push_back(index);
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::size_t ClusterProcess::add_primary() {
  const std::size_t added = node_count();
  start_node();
  for (std::size_t i = 0; i < added; ++i) {
    must(i, {"CLUSTER", "MEET", node(added).address(), std::to_string(node(added).port())});
  }
  wait_until_met();
  wait_until_ok();
  return added;
}

std::unique_ptr<RedisProcess> ClusterProcess::release_last() {
  wait_until_ok();  // who has not heard that it has no slots would lose those
  const std::size_t last = node_count() - 1;
  for (std::size_t i = 0; i < last; ++i) must(i, {"CLUSTER", "FORGET", ids_[last]});
  must(last, {"CLUSTER", "RESET", "HARD"});
  std::unique_ptr<RedisProcess> released = std::move(nodes_.back());
  nodes_.pop_back();
  ids_.pop_back();
  return released;
}

CommandResult ClusterProcess::reshard(std::size_t from, std::size_t to, unsigned slots) {
  wait_until_ok();  // redis-cli refuses while the nodes still talk about the last move
  return run_command(
      {"redis-cli", "--cluster", "reshard", address_of(node(from)), "--cluster-from", ids_[from],
       "--cluster-to", ids_[to], "--cluster-slots", std::to_string(slots), "--cluster-yes"},
      std::chrono::seconds(90));
}

void ClusterProcess::begin_migration(std::uint16_t slot, std::size_t from, std::size_t to) {
  must(to, {"CLUSTER", "SETSLOT", std::to_string(slot), "IMPORTING", ids_[from]});
  must(from, {"CLUSTER", "SETSLOT", std::to_string(slot), "MIGRATING", ids_[to]});
}

void ClusterProcess::migrate_key(const std::string& key, std::size_t from, std::size_t to) {
  must(from, {"MIGRATE", node(to).address(), std::to_string(node(to).port()), key, "0", "5000"});
}

void ClusterProcess::end_migration(std::uint16_t slot, std::size_t from, std::size_t to) {
  for (const Reply& key : must(from, {"CLUSTER", "GETKEYSINSLOT", std::to_string(slot), "1000"}).elements) {
    migrate_key(key.text, from, to);
  }
  const Args give = {"CLUSTER", "SETSLOT", std::to_string(slot), "NODE", ids_[to]};
  must(to, give);
  must(from, give);
  for (std::size_t i = 0; i < node_count(); ++i) {
    if (i != to && i != from && node(i).running()) node(i).command(give);
  }
  wait_until_ok();  // a slot that is moved on before all have heard may end up with no node that claims it
}

void ClusterProcess::move(std::size_t index, const std::string& network) {
  node(index).shut_down();
  node(index).restart_at(address_in(network, index));
}

void ClusterProcess::move_all(const std::string& network) {
  network_ = network;
  for (const auto& server : nodes_) server->shut_down();
  for (std::size_t i = 0; i < node_count(); ++i) node(i).restart_at(address_in(network, i));
  meet();
}

void ClusterProcess::failover(std::size_t replica) {
  wait_until_ok();  // who has not heard of the last slots' move is not elected
  must(replica, {"CLUSTER", "FAILOVER"});
  wait_until_primary(replica);
}

void ClusterProcess::wait_until_ok(std::chrono::milliseconds limit) {
  wait_until("the cluster is ok and its nodes agree", limit, [this] {
    std::vector<std::string> first;
    for (std::size_t i = 0; i < node_count(); ++i) {
      if (!node(i).running()) continue;
      if (!has_flag(node(i).command({"CLUSTER", "INFO"}).text, "cluster_state:ok")) return false;
      const std::vector<std::string> view = view_of(i);
      if (first.empty()) first = view;
      if (view.size() != node_count() || view != first) return false;
    }
    return true;
  });
}

void ClusterProcess::wait_until_primary(std::size_t index, std::chrono::milliseconds limit) {
  const std::string wanted = ids_[index] + " primary";
  wait_until("node " + std::to_string(index) + " is a primary for all", limit, [&] {
    for (std::size_t i = 0; i < node_count(); ++i) {
      if (!node(i).running()) continue;
      const std::vector<std::string> view = view_of(i);
      const auto is_it = [&](const std::string& line) { return line.starts_with(wanted); };
      if (std::none_of(view.begin(), view.end(), is_it)) return false;
    }
    return true;
  });
}

void ClusterProcess::wait_until_in_sync(std::chrono::milliseconds limit) {
  wait_until("the replicas are in sync", limit, [this] {
    for (const auto& server : nodes_) {
      if (!server->running()) continue;
      const std::string info = server->command({"INFO", "replication"}).text;
      if (has_flag(info, "role:slave") && !has_flag(info, "master_link_status:up")) return false;
    }
    return true;
  });
}

void ClusterProcess::start_node() {
  nodes_.push_back(std::make_unique<RedisProcess>(arguments_, address_in(network_, node_count())));
  ids_.push_back(must(node_count() - 1, {"CLUSTER", "MYID"}).text);
}

RedisProcess& ClusterProcess::any_running() {
  for (const auto& server : nodes_) {
    if (server->running()) return *server;
  }
  throw std::runtime_error("no node of the cluster runs");
}

std::size_t ClusterProcess::index_of(const std::string& id) const {
  const auto found = std::find(ids_.begin(), ids_.end(), id);
  return found == ids_.end() ? kNone : static_cast<std::size_t>(found - ids_.begin());
}

Reply ClusterProcess::must(std::size_t index, const Args& arguments) {
  Reply reply = nodes_[index]->command(arguments);
  if (reply.is_error()) {
    throw std::runtime_error(arguments.front() + " at node " + std::to_string(index) + ": " + reply.text);
  }
  return reply;
}

std::vector<std::string> ClusterProcess::view_of(std::size_t index) {
  std::vector<std::string> view;
  for (const auto& words : node_lines(must(index, {"CLUSTER", "NODES"}).text)) {
    const std::string& flags = words.at(2);
    if (has_flag(flags, "handshake")) continue;
    std::string& node =
        view.emplace_back(words.at(0) + (has_flag(flags, "master") ? " primary" : " replica"));
    node += " " + words.at(3);
    for (std::size_t i = 8; i < words.size(); ++i) {
      if (!words[i].starts_with('[')) node += " " + words[i];  // not a slot that migrates
    }
  }
  std::sort(view.begin(), view.end());
  return view;
}

// Each node meets each other itself: waiting for gossip to spread them takes seconds.
void ClusterProcess::meet() {
  for (std::size_t i = 0; i < node_count(); ++i) {
    for (std::size_t j = i + 1; j < node_count(); ++j) {
      must(i, {"CLUSTER", "MEET", node(j).address(), std::to_string(node(j).port())});
    }
  }
  wait_until_met();
}

void ClusterProcess::wait_until_met() {
  wait_until("the nodes know each other", std::chrono::seconds(30), [this] {
    for (std::size_t i = 0; i < node_count(); ++i) {
      if (view_of(i).size() != node_count()) return false;
    }
    return true;
  });
}

}  // namespace slotway::kit
