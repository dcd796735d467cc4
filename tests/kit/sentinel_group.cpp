#include "tests/kit/sentinel_group.hpp"

#include <set>
#include <stdexcept>
#include <utility>

#include "tests/kit/wait_until.hpp"

namespace slotway::kit {
namespace {

Reply ask(TestClient client, const std::string& password, const Args& arguments) {
  if (!password.empty()) client.command({"AUTH", password});
  return client.command(arguments);
}

std::string field(const Reply& map, const std::string& name) {
  for (std::size_t i = 0; i + 1 < map.elements.size(); i += 2) {
    if (map.elements[i].text == name) return map.elements[i + 1].text;
  }
  return {};
}

}  // namespace

SentinelGroup::SentinelGroup(SentinelGroupOptions options) : options_(std::move(options)) {
  // --- the servers ---
  std::vector<std::string> common = {"--repl-diskless-sync-delay", "0"};
  if (!options_.password.empty()) {
    common.insert(common.end(), {"--requirepass", options_.password, "--masterauth", options_.password});
  }
  servers_.push_back(std::make_unique<RedisProcess>(common));
  const std::string primary = "127.0.0.1 " + std::to_string(servers_[0]->port());
  for (std::size_t i = 0; i < options_.replicas; ++i) {
    std::vector<std::string> arguments = common;
    arguments.insert(arguments.end(), {"--replicaof", primary});
    servers_.push_back(std::make_unique<RedisProcess>(arguments));
  }

  // --- the sentinels ---
  const std::string master = kMaster;
  std::vector<std::string> lines = {
      "sentinel monitor " + master + " " + primary + " " + std::to_string(options_.sentinels / 2 + 1),
      "sentinel down-after-milliseconds " + master + " 1000",
      "sentinel failover-timeout " + master + " 6000",
      "sentinel parallel-syncs " + master + " 5",
  };
  if (!options_.password.empty()) lines.push_back("sentinel auth-pass " + master + " " + options_.password);
  if (!options_.sentinel_password.empty()) {
    lines.push_back("requirepass " + options_.sentinel_password);
    lines.push_back("sentinel sentinel-pass " + options_.sentinel_password);
  }
  for (std::size_t i = 0; i < options_.sentinels; ++i)
    sentinels_.push_back(std::make_unique<SentinelProcess>(lines));
  wait_until("the sentinels know all", std::chrono::seconds(30), [this, &master] {
    for (std::size_t i = 0; i < sentinels_.size(); ++i) {
      const Reply said = ask_sentinel(i, {"SENTINEL", "MASTER", master});
      if (field(said, "num-slaves") != std::to_string(options_.replicas)) return false;
      if (field(said, "num-other-sentinels") != std::to_string(options_.sentinels - 1)) return false;
    }
    return true;
  });
  wait_until_in_sync();
}

std::string SentinelGroup::seeds() const {
  std::string out;
  for (const auto& sentinel : sentinels_)
    out += (out.empty() ? "127.0.0.1:" : ",127.0.0.1:") + std::to_string(sentinel->port());
  return out;
}

std::vector<std::string> SentinelGroup::slotway_arguments(std::vector<std::string> more) const {
  std::vector<std::string> out = {"--upstream-mode", "sentinel", "--workers", "2"};
  out.insert(out.end(), more.begin(), more.end());
  return out;
}

Reply SentinelGroup::ask_server(std::size_t index, const Args& arguments) {
  try {
    return ask(servers_[index]->client(), options_.password, arguments);
  } catch (const ClientError&) {
    return {};
  }
}

Reply SentinelGroup::ask_sentinel(std::size_t index, const Args& arguments) {
  return ask(sentinels_[index]->client(), options_.sentinel_password, arguments);
}

std::size_t SentinelGroup::primary_by(std::size_t sentinel) {
  const Reply address = ask_sentinel(sentinel, {"SENTINEL", "GET-MASTER-ADDR-BY-NAME", kMaster});
  for (std::size_t i = 0; i < servers_.size() && address.elements.size() == 2; ++i) {
    if (address.elements[1].text == std::to_string(servers_[i]->port())) return i;
  }
  return kNone;
}

std::string SentinelGroup::role_of(std::size_t server) {
  if (!servers_[server]->running()) return {};
  const Reply role = ask_server(server, {"ROLE"});
  return role.elements.empty() ? std::string() : role.elements[0].text;
}

std::size_t SentinelGroup::failover() {
  const std::size_t before = primary_by(0);
  // A sentinel refuses while an earlier failover is too young.
  wait_until("a sentinel takes SENTINEL FAILOVER", std::chrono::seconds(30), [this] {
    return ask_sentinel(0, {"SENTINEL", "FAILOVER", kMaster}).text == "OK";
  });
  return wait_for_primary_other_than(before);
}

std::size_t SentinelGroup::wait_for_primary_other_than(std::size_t before, std::chrono::milliseconds limit) {
  std::size_t agreed = kNone;
  wait_until("the sentinels agree on another primary", limit, [&] {
    std::set<std::size_t> named;
    for (std::size_t i = 0; i < sentinels_.size(); ++i) {
      if (sentinels_[i]->running()) named.insert(primary_by(i));
    }
    agreed = named.size() == 1 ? *named.begin() : kNone;
    return agreed != kNone && agreed != before && role_of(agreed) == "master";
  });
  return agreed;
}

void SentinelGroup::wait_until_in_sync(std::chrono::milliseconds limit) {
  wait_until("the replicas are in sync", limit, [this] {
    std::size_t primaries = 0;
    for (std::size_t i = 0; i < servers_.size(); ++i) {
      if (!servers_[i]->running()) continue;
      const Reply role = ask_server(i, {"ROLE"});
      if (role.elements.empty()) return false;
      if (role.elements[0].text == "master") {
        ++primaries;
      } else if (role.elements.size() < 4 || role.elements[3].text != "connected") {
        return false;
      }
    }
    return primaries == 1;
  });
}

}  // namespace slotway::kit
