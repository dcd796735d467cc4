// The scripts that clients have loaded by SCRIPT LOAD, for nodes that do not have them: a server neither
// hands its scripts to its replicas nor keeps them over a restart (docs/decisions/016). Sans-I/O. Owner: a
// worker's dispatcher; the bodies are shared with the other workers' stores. Thread: worker. Invariant:
// numbers rise, and none is given twice; together the bodies are no larger than the limit, the oldest go
// first.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>

namespace slotway::proxy {

using ScriptBody = std::shared_ptr<const std::string>;

class ScriptStore {
 public:
  explicit ScriptStore(std::uint64_t max_bytes) : max_bytes_(max_bytes) {}

  // One that is there already, or larger than all may be together, is left out.
  void add(ScriptBody body);
  void clear();
  // From now on; the oldest go at once if they are too many.
  void set_max_bytes(std::uint64_t max_bytes);

  // The newest script's number; 0 = there is none. A connection that has been told of all scripts up to this
  // one lacks nothing.
  std::uint64_t newest() const { return scripts_.empty() ? 0 : scripts_.back().number; }
  // Calls `visit` with the body of each script above `number`.
  template <class Visit>
  void for_each_above(std::uint64_t number, Visit visit) const {
    for (const Script& script : scripts_) {
      if (script.number > number) visit(std::string_view(*script.body));
    }
  }
  std::uint64_t held_bytes() const { return bytes_; }

 private:
  struct Script {
    std::uint64_t number;
    ScriptBody body;
  };

  void drop_oldest();

  std::uint64_t max_bytes_;
  std::uint64_t numbers_ = 0;  // given so far
  std::uint64_t bytes_ = 0;
  std::deque<Script> scripts_;                  // by number
  std::unordered_set<std::string_view> known_;  // their bodies
};

}  // namespace slotway::proxy
