#include "protocol/learned_commands.hpp"

#include <algorithm>
#include <utility>

#include "protocol/ascii_case.hpp"

namespace slotway::protocol {
namespace {

bool is_built_in(std::string_view name) {
  const std::size_t bar = name.find('|');
  const CommandRow* row = find_command(name.substr(0, bar));
  if (row == nullptr || bar == name.npos) return row != nullptr;
  // One that was no container when the table was made goes on as the table says.
  return row->subcommands.empty() || find_subcommand(*row, name.substr(bar + 1)) != nullptr;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), ascii_lower);
  return out;
}

}  // namespace

std::shared_ptr<const LearnedCommands> LearnedCommands::add(std::shared_ptr<const LearnedCommands> before,
                                                            const LearnedRows& rows) {
  auto after = before ? std::make_shared<LearnedCommands>(*before) : std::make_shared<LearnedCommands>();
  bool differs = false;
  for (const auto& learned : rows) {
    if (is_built_in(learned->name)) continue;
    LearnedRows& versions = after->rows_[learned->name];
    const auto known = std::ranges::find_if(
        versions, [&](const auto& version) { return same_row(version->row, learned->row); });
    if (known == versions.end()) {
      versions.push_back(learned);
    } else if (known + 1 != versions.end()) {
      std::rotate(known, known + 1, versions.end());
    } else {
      continue;
    }
    differs = true;
  }
  if (!differs) return before;
  return after;
}

const CommandRow* LearnedCommands::find(std::string_view name) const {
  const auto found = rows_.find(lower(name));
  return found == rows_.end() ? nullptr : &found->second.back()->row;
}

const CommandRow* LearnedCommands::find_subcommand(const CommandRow& container, std::string_view sub) const {
  return find(std::string(container.name).append("|").append(sub));
}

FoundRow find_row(const RequestView& request, const LearnedCommands* learned) {
  const CommandRow* row = find_command(request.arg(0));
  // "client|no-touch" is a subcommand's name, and no command.
  if (!row && learned && request.arg(0).find('|') == std::string_view::npos)
    row = learned->find(request.arg(0));
  if (!row) return {};
  const bool is_container = !row->subcommands.empty() || row->service == Service::container;
  if (!is_container || request.argc() < 2) return {row, false};
  const CommandRow* sub = find_subcommand(*row, request.arg(1));
  if (!sub && learned) sub = learned->find_subcommand(*row, request.arg(1));
  return {sub, sub == nullptr};
}

}  // namespace slotway::protocol
