#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>
#include <set>
#include <string>
#include <vector>

#include "protocol/command_keys.hpp"
#include "protocol/command_table.hpp"
#include "protocol/learned_commands.hpp"
#include "protocol/reply_tree.hpp"
#include "tests/kit/child_process.hpp"
#include "tests/kit/redis_process.hpp"
#include "tests/protocol/key_cases.hpp"
#include "tests/protocol/request_words.hpp"

namespace slotway::protocol {
namespace {

using Words = std::vector<std::string>;

// Slotway's own, of newer servers than the one that is asked.
const std::set<std::string_view> kNewerCommands = {"client|no-touch", "client|setinfo"};
// Channels are routed like keys, but the server's GETKEYS does not count them.
const std::set<std::string_view> kChannelCommands = {"spublish", "ssubscribe", "sunsubscribe"};

const CommandRow& row_of(const Words& words) {
  const CommandRow* row = find_command(words.at(0));
  REQUIRE(row != nullptr);
  if (!row->subcommands.empty() && words.size() > 1) row = find_subcommand(*row, words[1]);
  REQUIRE(row != nullptr);
  return *row;
}

// The keys themselves, sorted: the server's order is another one where it does not go by the specs.
Words our_keys(const Words& words) {
  const RequestWords request(words);
  std::vector<std::uint32_t> places;
  find_keys(row_of(words), request.view(), places);
  Words keys;
  for (std::uint32_t place : places) keys.push_back(words.at(place));
  std::ranges::sort(keys);
  return keys;
}

// An error means none: the command has no keys, or its arguments are invalid.
Words keys_in(const kit::Reply& reply) {
  Words keys;
  for (const kit::Reply& element : reply.elements) keys.push_back(element.text);
  std::ranges::sort(keys);
  return keys;
}

std::string join(const Words& words) {
  std::string line;
  for (const std::string& word : words) line += (line.empty() ? "" : " ") + word;
  return line;
}

// Asks for the keys of all requests in one pipeline and compares. Returns how many requests had keys.
std::size_t compare_keys(kit::TestClient client, const std::vector<Words>& requests) {
  std::vector<kit::Args> questions;
  for (const Words& request : requests) {
    kit::Args question = {"COMMAND", "GETKEYS"};
    question.insert(question.end(), request.begin(), request.end());
    questions.push_back(question);
  }
  const std::vector<kit::Reply> replies = client.pipeline(questions);
  REQUIRE(replies.size() == requests.size());
  std::size_t with_keys = 0;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    INFO(join(requests[i]) << " -> " << kit::to_text(replies[i]));
    if (replies[i].is_error()) {
      const bool expected = replies[i].text == "ERR The command has no key arguments" ||
                            replies[i].text == "ERR Invalid arguments specified for command";
      CHECK(expected);
    }
    CHECK(our_keys(requests[i]) == keys_in(replies[i]));
    with_keys += keys_in(replies[i]).empty() ? 0 : 1;
  }
  return with_keys;
}

// The row's name and up to five arguments more than it needs, k1 k2 k3 ..., and the same with a number (or
// what is none) at each of the first places.
std::vector<Words> requests_of(const CommandRow& row) {
  std::vector<Words> requests;
  Words name;
  const std::size_t bar = row.name.find('|');
  name.emplace_back(row.name.substr(0, bar));
  if (bar != row.name.npos) name.emplace_back(row.name.substr(bar + 1));
  const auto least = static_cast<std::size_t>(std::abs(row.arity));
  for (std::size_t argc = std::max<std::size_t>(least, 2);
       row.arity_ok(argc) && argc <= least + (row.arity < 0 ? 5 : 0); ++argc) {
    Words words = name;
    while (words.size() < argc) words.push_back("k" + std::to_string(words.size()));
    requests.push_back(words);
    for (std::size_t place = name.size(); place < std::min<std::size_t>(argc, 4); ++place) {
      for (const char* number : {"0", "1", "2", "3", "4", "100", "-1", "-0", "x", ""}) {
        requests.push_back(words);
        requests.back()[place] = number;
      }
    }
  }
  return requests;
}

TEST_CASE("the committed command table is what the generator makes of a live server") {
  const kit::RedisProcess server;
  const kit::CommandResult result =
      kit::run_command({"python3", SLOTWAY_SOURCE_DIR "/scripts/generate_command_table.py",
                        "127.0.0.1:" + std::to_string(server.port()), "--check"},
                       std::chrono::seconds(30));
  INFO(result.output);
  CHECK(result.exit_code == 0);
}

// What the table knows beyond the server's key specs, or keeps otherwise.
const std::set<std::string_view> kOwnKeySpecs = {"sort", "georadius", "georadiusbymember", "xread",
                                                 "xreadgroup"};

TEST_CASE("what a live server describes is what is built in") {
  const kit::RedisProcess server;
  kit::TestClient client = server.client();
  client.send_raw(kit::encode({"COMMAND"}));
  client.send_raw(kit::encode({"QUIT"}));
  ReplyReader reader;
  reader.feed(client.read_until_closed());
  const auto reply = reader.next();
  INFO(reader.error());
  REQUIRE(reply);

  const LearnedRows rows = parse_command_reply(*reply);
  CHECK(rows.size() > 350);
  CHECK(LearnedCommands::add(nullptr, rows) == nullptr);
  for (const auto& learned : rows) {
    INFO(learned->name);
    const std::size_t bar = learned->name.find('|');
    const CommandRow* row = find_command(learned->name.substr(0, bar));
    REQUIRE(row != nullptr);
    if (bar != std::string::npos) row = find_subcommand(*row, learned->name.substr(bar + 1));
    REQUIRE(row != nullptr);
    CommandRow same = *row;
    same.flags &= ~std::uint32_t{kMayReplicate};  // which a server keeps to itself
    same.family = learned->row.family;
    same.service = learned->row.service;
    same.merge = learned->row.merge;
    same.block_at = learned->row.block_at;
    same.split_step = learned->row.split_step;
    if (kOwnKeySpecs.contains(learned->name)) same.keys = learned->row.keys;
    CHECK(same_row(same, learned->row));
    // What goes by key does so either way, and nothing is served that the table refuses for its flags.
    if (row->service == Service::by_key && !row->has(kBlocking) && !row->has(kPubSub))
      CHECK(learned->row.service == Service::by_key);
    if (row->has(kAdmin)) CHECK(learned->row.service == Service::unsupported);
  }
}

TEST_CASE("keys of every command are those of COMMAND GETKEYS") {
  const kit::RedisProcess server;
  for (const CommandRow& row : command_rows()) {
    std::vector<const CommandRow*> rows;
    for (const CommandRow& sub : row.subcommands) rows.push_back(&sub);
    if (rows.empty()) rows.push_back(&row);
    for (const CommandRow* each : rows) {
      if (kChannelCommands.contains(each->name) || kNewerCommands.contains(each->name)) continue;
      INFO(each->name);
      std::vector<Words> requests = requests_of(*each);
      // The server's GETKEYS finds nothing in PFMERGE without sources, but a node routes it by its key.
      if (each->name == "pfmerge")
        std::erase_if(requests, [](const Words& words) { return words.size() == 2; });
      const std::size_t with_keys = compare_keys(server.client(), requests);
      // XREAD's keys stand behind a word that these requests do not have.
      const bool has_keys = !each->keys.empty() && !each->name.starts_with("xread");
      CHECK((with_keys > 0) == has_keys);
    }
  }
}

TEST_CASE("keys of the table's tricky requests are those of COMMAND GETKEYS") {
  const kit::RedisProcess server;
  std::vector<Words> requests;
  for (const KeyCase& c : kKeyCases) {
    if (!c.server_differs) requests.push_back(split_words(c.request));
  }
  CHECK(compare_keys(server.client(), requests) > 60);
}

}  // namespace
}  // namespace slotway::protocol
