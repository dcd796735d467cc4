// Which sections of INFO a client asks for, and what its nodes are asked for it. Pure. Thread: any.
// Source: Redis 7.0's genInfoSectionDict (server.c): names in any case, several of them, none = the default
// ones; "all", "everything" and "default" are sets of sections. Slotway's own: "slotway", which is in each of
// the sets, and "nodes", which is in none: a line for each node.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "protocol/request.hpp"

namespace slotway::routing {

class InfoSections {
 public:
  InfoSections() = default;  // as INFO without arguments
  explicit InfoSections(const protocol::RequestView& request);

  // `name` is lower case. Of those that the nodes need not be asked for.
  bool wants(std::string_view name) const;
  // Of what nodes have answered: more is asked of them than wanted if "nodes" is.
  bool shows(std::string_view name) const;
  bool wants_nodes() const { return nodes_; }
  // False: only what the proxy knows by itself.
  bool asks_nodes() const { return nodes_ || names_.empty() || has_others_; }

  // The request to a node, as RESP.
  std::string node_request() const;

 private:
  std::vector<std::string> names_;
  bool set_ = false;         // one of the sets is among them
  bool nodes_ = false;       // "nodes" is
  bool has_others_ = false;  // any but "nodes" and "slotway"
};

}  // namespace slotway::routing
