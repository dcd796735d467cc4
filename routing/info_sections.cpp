#include "routing/info_sections.hpp"

#include <algorithm>

#include "protocol/ascii_case.hpp"
#include "protocol/reply_writer.hpp"

namespace slotway::routing {

namespace {

constexpr std::string_view kNodes = "nodes";
constexpr std::string_view kSlotway = "slotway";

bool is_set(std::string_view name) { return name == "all" || name == "default" || name == "everything"; }
bool is_own(std::string_view name) { return name == kNodes || name == kSlotway; }

}  // namespace

InfoSections::InfoSections(const protocol::RequestView& request) {
  for (std::size_t i = 1; i < request.argc(); ++i) {
    std::string name(request.arg(i));
    std::ranges::transform(name, name.begin(), protocol::ascii_lower);
    set_ = set_ || is_set(name);
    nodes_ = nodes_ || name == kNodes;
    has_others_ = has_others_ || !is_own(name);
    names_.push_back(std::move(name));
  }
}

bool InfoSections::wants(std::string_view name) const {
  return names_.empty() || set_ || std::ranges::find(names_, name) != names_.end();
}

bool InfoSections::shows(std::string_view name) const { return !nodes_ || wants(name); }

std::string InfoSections::node_request() const {
  std::vector<std::string_view> names;
  // The lines of the nodes are made of the default sections.
  if (nodes_ && !set_) names.emplace_back("default");
  for (const std::string& name : names_) {
    if (!is_own(name)) names.push_back(name);
  }
  std::string text;
  protocol::write_array_header(text, 1 + names.size());
  protocol::write_bulk(text, "INFO");
  for (const std::string_view name : names) protocol::write_bulk(text, name);
  return text;
}

}  // namespace slotway::routing
