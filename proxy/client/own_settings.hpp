// Settings of Redis that are the proxy's own, not its nodes': limits that hold for its clients, where it
// listens, and what keeps it connected to the nodes. Pure. Thread: any. Invariants: CONFIG GET keeps the
// names and the order of its parameters, and tells nobody a password; CONFIG SET changes none of them, and
// takes only the value that CONFIG GET shows, which leaves things as they are.
#pragma once

#include <string>
#include <string_view>

#include "config/config.hpp"
#include "protocol/request.hpp"

namespace slotway::proxy {

// Appends a node's reply to CONFIG GET with the proxy's values in place of the node's; as it came if it is
// no list of names and values.
void write_with_own_settings(std::string& out, std::string_view reply, const config::Config& config);

// What is to be done with a CONFIG SET: all of it, or nothing.
class SettingsChange {
 public:
  SettingsChange(const protocol::RequestView& request, const config::Config& config);

  bool refused() const { return !refusal_.empty(); }
  const std::string& refusal() const { return refusal_; }  // names the setting and says why
  bool changes_nodes() const { return !node_request_.empty(); }
  // The request to the nodes, as RESP, without settings that stay as they are.
  const std::string& node_request() const { return node_request_; }

 private:
  std::string refusal_;
  std::string node_request_;
};

}  // namespace slotway::proxy
