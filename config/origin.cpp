#include "config/origin.hpp"

#include <utility>

namespace slotway::config {

std::string Origin::label() const {
  if (source == Source::file && line > 0) return name + ":" + std::to_string(line);
  return name;
}

void Origins::set(std::string_view path, Origin origin) {
  entries_[std::string(path)] = Entry{std::move(origin), false};
}

void Origins::reset(std::string_view path) { entries_.erase(std::string(path)); }

void Origins::mark_broken(std::string_view path) { entries_[std::string(path)].broken = true; }

const Origin& Origins::of(std::string_view path) const {
  static const Origin kDefault;
  const auto found = entries_.find(path);
  return found == entries_.end() ? kDefault : found->second.origin;
}

bool Origins::is_broken(std::string_view path) const {
  const auto found = entries_.find(path);
  return found != entries_.end() && found->second.broken;
}

}  // namespace slotway::config
