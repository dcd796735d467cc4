#include "proxy/upstream/subscriber_links.hpp"

#include <algorithm>
#include <chrono>

namespace slotway::proxy {

namespace {

using routing::kNoLink;

// A link that nobody needs is kept this long: a client may come back.
constexpr std::chrono::seconds kKeepUnused{10};

}  // namespace

bool SubscriberLinks::follow(const std::shared_ptr<const routing::Topology>& topology) {
  if (topology == topology_) return false;
  topology_ = topology;
  by_node_.assign(topology_->nodes().size(), kNoLink);
  for (LinkId id = 0; id < links_.size(); ++id) {
    if (!links_[id]) continue;
    const routing::Endpoint& endpoint = links_[id]->endpoint();
    const routing::NodeIndex node = topology_->find(endpoint.host, endpoint.port);
    if (node != routing::kNoNode) by_node_[node] = id;
  }
  list_primaries();
  return true;
}

void SubscriberLinks::list_primaries() {
  const auto nodes = static_cast<routing::NodeIndex>(topology_->nodes().size());
  std::vector<bool> serves(nodes);
  for (std::uint32_t slot = 0; slot < routing::kSlotCount; ++slot) {
    const routing::NodeIndex node = topology_->primary_of(static_cast<routing::Slot>(slot));
    if (node != routing::kNoNode) serves[node] = true;
  }
  primaries_.clear();
  const routing::NodeIndex last = topology_->primary_of(routing::kSlotCount - 1);
  left_out_ = false;
  const auto add = [&](routing::NodeIndex node) {
    topology_->node(node).healthy ? primaries_.push_back(at(node)) : void(left_out_ = true);
  };
  if (last != routing::kNoNode) add(last);
  for (routing::NodeIndex node = 0; node < nodes; ++node) {
    if (serves[node] && node != last) add(node);
  }
}

routing::LinkId SubscriberLinks::at(routing::NodeIndex node) {
  if (by_node_[node] != kNoLink) return by_node_[node];
  const auto free = std::ranges::find(links_, nullptr);
  const LinkId id = static_cast<LinkId>(free - links_.begin());
  if (free == links_.end()) links_.emplace_back();
  links_[id] = std::make_shared<SubscriberLink>(io_, loop_, settings_, events_, purpose_, id,
                                                topology_->node(node).endpoint);
  return by_node_[node] = id;
}

void SubscriberLinks::flush(const std::function<bool(LinkId)>& is_used) {
  if (stopped_) return;
  for (LinkId id = 0; id < links_.size(); ++id) {
    if (!links_[id]) continue;
    if (is_used(id)) links_[id]->open();
    const bool was_open = links_[id]->is_open();
    links_[id]->flush();
    // What was lost is asked for at other links, perhaps at one that has been passed already.
    if (was_open && !links_[id]->is_open()) id = kNoLink;
  }
}

void SubscriberLinks::on_tick(const std::function<bool(LinkId)>& is_used,
                              const std::function<void(LinkId)>& on_closed) {
  for (LinkId id = 0; id < links_.size(); ++id) {
    if (!links_[id]) continue;
    links_[id]->on_tick();
    links_[id]->note_use(is_used(id));
    if (!links_[id]->is_unused_for(kKeepUnused)) continue;
    links_[id]->close();
    on_closed(id);
    if (std::ranges::count(by_node_, id) == 0) links_[id].reset();
  }
}

void SubscriberLinks::stop() {
  stopped_ = true;
  for (const auto& link : links_) {
    if (link) link->close();
  }
}

}  // namespace slotway::proxy
