// Commands that the built-in table lacks, as nodes have described them: modules, and versions newer than the
// table. Owner: shared; the control plane makes one and every worker's planner has it. Thread: any, for it
// never changes. Invariant: a row that was given out once stays valid as long as any later one of these
// exists: rows are added, or replaced by newer descriptions, and never dropped, so that a node that lacks a
// module does not take its commands away.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "protocol/command_reply.hpp"
#include "protocol/command_table.hpp"
#include "protocol/request.hpp"

namespace slotway::protocol {

class LearnedCommands {
 public:
  // Those of `before` (nullptr = none) with what `rows` adds or describes anew; `before` itself if that is
  // nothing.
  static std::shared_ptr<const LearnedCommands> add(std::shared_ptr<const LearnedCommands> before,
                                                    const LearnedRows& rows);

  // In any case; nullptr = unknown here, too.
  const CommandRow* find(std::string_view name) const;
  const CommandRow* find_subcommand(const CommandRow& container, std::string_view sub) const;

  std::size_t size() const { return rows_.size(); }

 private:
  // By name; what each has been, the current one last. A description that comes back is not kept twice.
  std::unordered_map<std::string, LearnedRows> rows_;
};

// The row of a request, built-in or learned (`learned` may be nullptr).
struct FoundRow {
  const CommandRow* row = nullptr;  // nullptr = unknown
  bool is_known_container = false;  // then it is the subcommand that is not known
};
FoundRow find_row(const RequestView& request, const LearnedCommands* learned);

}  // namespace slotway::protocol
