// learned_commands: whatever a node says of its commands, the rows that come of it can be applied to any
// request.
// Input: replies to COMMAND.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "protocol/command_keys.hpp"
#include "protocol/learned_commands.hpp"
#include "protocol/reply_tree.hpp"
#include "routing/planner.hpp"
#include "tests/fuzz/fuzz_input.hpp"
#include "tests/protocol/request_words.hpp"

using namespace slotway;
using namespace slotway::protocol;
using fuzz::require;

namespace {

// Requests of 1 to 8 arguments; numbers and the words that specs look for among them.
std::vector<std::string> words_of(const CommandRow& row, std::size_t extra) {
  const std::size_t bar = row.name.find('|');
  std::vector<std::string> words = {std::string(row.name.substr(0, bar))};
  if (bar != std::string_view::npos) words.emplace_back(row.name.substr(bar + 1));
  for (std::size_t i = 0; i < extra; ++i) words.push_back(i % 3 == 0 ? "2" : "k" + std::to_string(i));
  if (extra > 2 && !row.keys.empty() && !row.keys[0].keyword.empty()) words[2] = row.keys[0].keyword;
  return words;
}

void check_row(routing::Planner& planner, const LearnedCommands& learned, const CommandRow& row) {
  require(row.arity != 0 && !row.name.empty(), "a row has a name and an arity");
  require(row.split_step > 0, "a key has an argument");
  std::vector<std::uint32_t> keys;
  for (std::size_t extra = 0; extra < 8; ++extra) {
    const std::vector<std::string> words = words_of(row, extra);
    const RequestWords request(words);
    if (!row.arity_ok(words.size())) continue;
    const KeyError error = find_keys(row, request.view(), keys);
    require(error == KeyError::none || keys.empty(), "invalid arguments have no keys");
    for (const std::uint32_t key : keys) require(key > 0 && key < words.size(), "a key is an argument");
    const FoundRow found = find_row(request.view(), &learned);
    require(found.row != nullptr || found.is_known_container, "what is learned is found");
    planner.plan(request.view(), {});
    planner.plan(request.view(), {.in_transaction = true});
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ReplyReader reader(1u << 20);
  reader.feed({reinterpret_cast<const char*>(data), size});
  std::shared_ptr<const LearnedCommands> learned;
  routing::Planner planner{config::MultikeyConfig{}};
  while (const auto reply = reader.next()) {
    const LearnedRows rows = parse_command_reply(*reply);
    learned = LearnedCommands::add(learned, rows);
    require(LearnedCommands::add(learned, {}) == learned, "nothing new changes nothing");
    planner.set_learned(learned);
    if (!learned) continue;
    for (const auto& row : rows) {
      const bool is_sub = row->name.find('|') != std::string::npos;
      if (!is_sub && learned->find(row->name) == &row->row) check_row(planner, *learned, row->row);
    }
  }
  return 0;
}
