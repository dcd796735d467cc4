// planner, splitter and merger: a plan depends on nothing but the request; what goes to one slot has its keys
// there, or in the one slot of a keyspace that has no others; the fragments of a split command are requests
// that go whole to their slots, and their replies make the reply to the whole. Input: a byte of choices (1:
// logged in, 2: MSET is refused, 4: replies come backwards, 8: in a transaction, 16: whose slot is known, 32:
// one shard has all keys), then requests as a client sends them.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "protocol/command_keys.hpp"
#include "protocol/reply_writer.hpp"
#include "protocol/request_parser.hpp"
#include "routing/planner.hpp"
#include "tests/fuzz/fuzz_input.hpp"
#include "tests/routing/merged_text.hpp"

using namespace slotway;
using namespace slotway::routing;
using fuzz::require;
using protocol::Merge;
using protocol::ParseStatus;
using protocol::RequestView;

namespace {

struct Choices {
  SessionFacts facts;
  config::MultikeyConfig multikey;
  bool backwards;
};

bool same(const Plan& a, const Plan& b) {
  if (a.index() != b.index()) return false;
  if (const auto* single = std::get_if<Single>(&a)) {
    return single->row == std::get<Single>(b).row && single->slot == std::get<Single>(b).slot;
  }
  if (const auto* reject = std::get_if<Reject>(&a)) {
    return reject->row == std::get<Reject>(b).row && reject->reason == std::get<Reject>(b).reason;
  }
  return true;
}

void check_single(const RequestView& request, const Single& single) {
  require(single.row->arity_ok(request.argc()), "what is sent has the right number of arguments");
  std::vector<std::uint32_t> keys;
  find_keys(*single.row, request, keys);
  require(single.slot != kAnySlot || keys.empty(), "a request with keys is not sent to any node");
  const bool names_slot = single.row->service == protocol::Service::by_slot;
  require(single.slot == kAnySlot || !keys.empty() || names_slot, "a request without keys has no slot");
  for (const std::uint32_t key : keys)
    require(slot_of(request.arg(key)) == single.slot, "a key lies in its slot");
}

// Of streams that all have one entry, of which the id is the one that was asked for.
std::string streams_reply(const RequestView& fragment, const protocol::CommandRow& row) {
  std::vector<std::uint32_t> keys;
  find_keys(row, fragment, keys);
  std::string reply;
  protocol::write_array_header(reply, keys.size());
  for (const std::uint32_t key : keys) {
    protocol::write_array_header(reply, 2);
    protocol::write_bulk(reply, fragment.arg(key));
    protocol::write_array_header(reply, 1);
    protocol::write_bulk(reply, fragment.arg(key + keys.size()));
  }
  return reply;
}

// The reply of a fragment in which every key's value is the key itself, every key exists, every write
// succeeds.
std::string reply_to(const RequestView& fragment, const protocol::CommandRow& row) {
  std::string reply;
  if (row.merge == Merge::all_ok) return std::string(protocol::kOk);
  if (row.merge == Merge::streams) return streams_reply(fragment, row);
  if (row.merge == Merge::sum) {
    protocol::write_integer(reply, static_cast<std::int64_t>(fragment.argc() - 1));
    return reply;
  }
  protocol::write_array_header(reply, fragment.argc() - 1);
  for (std::size_t i = 1; i < fragment.argc(); ++i) protocol::write_bulk(reply, fragment.arg(i));
  return reply;
}

// A request from bytes that are exactly one.
struct Parsed {
  explicit Parsed(std::string text) : bytes(std::move(text)) {
    require(parser.parse(bytes, {}, true) == ParseStatus::request, "a fragment is a request");
    require(parser.size() == bytes.size(), "a fragment is one request");
  }
  RequestView view() const { return parser.request(bytes); }

  std::string bytes;
  protocol::RequestParser parser;
};

void check_fan_out(const Planner& planner, const RequestView& request, const protocol::CommandRow& row,
                   const Choices& choices) {
  const Splitter& splitter = planner.splitter();
  const std::size_t fragments = splitter.layout().fragments.size();
  require(fragments > 1, "what is split has several parts");
  require(has_whole_keys(request, planner.keys(), row), "every argument is a key or belongs to one");
  require(splitter.layout().positions() == planner.keys().size(), "every key has a place");

  Merger merger;
  merger.reset(row.merge, splitter.layout(), row.has(protocol::kWrite));
  if (row.merge == Merge::streams) merger.name_streams(request, planner.keys());
  Planner other{config::MultikeyConfig{.mset = config::CrossSlotWrites::reject}};
  std::size_t arguments = 0;
  for (std::size_t i = 0; i < fragments; ++i) {
    const std::size_t index = choices.backwards ? fragments - 1 - i : i;
    std::string bytes;
    splitter.write_fragment(request, planner.keys(), index, row,
                            [&](std::string_view piece) { bytes += piece; });
    const Parsed part(std::move(bytes));
    arguments += part.view().argc() - planner.keys().front();
    const Plan plan = other.plan(part.view(), choices.facts);
    require(same(plan, Single{&row, splitter.layout().fragments[index].slot}),
            "a fragment goes whole to its slot");
    require(!merger.complete(), "the reply is not complete before the last fragment");
    merger.add(static_cast<std::uint32_t>(index), reply_to(part.view(), row));
  }
  require(arguments == request.argc() - planner.keys().front(), "the fragments have all arguments");
  require(merger.complete() && !merger.failed(), "good fragments make a good reply");
  require(merged_text(merger) == reply_to(request, row), "the reply is that of one server");
}

void check_plan(Planner& planner, const RequestView& request, const Choices& choices) {
  const Plan plan = planner.plan(request, choices.facts);
  if (const auto* single = std::get_if<Single>(&plan)) check_single(request, *single);
  if (const auto* fan_out = std::get_if<FanOut>(&plan)) {
    require(fan_out->row->split_step == 1 || choices.multikey.mset == config::CrossSlotWrites::split,
            "MSET is split only if that is allowed");
    check_fan_out(planner, request, *fan_out->row, choices);
  }
  if (const auto* broadcast = std::get_if<Broadcast>(&plan)) {
    require(broadcast->row->arity_ok(request.argc()),
            "what is sent to all has the right number of arguments");
    require(broadcast->row->merge != Merge::none, "what is sent to all can be merged");
  }
  if (const auto* queue = std::get_if<Queue>(&plan)) {
    require(choices.facts.in_transaction, "only a transaction queues");
    const Slot open = choices.facts.transaction_slot;
    require(queue->slot == kAnySlot || open == kAnySlot || queue->slot == open, "a transaction has one slot");
  } else if (choices.facts.in_transaction) {
    require(!std::holds_alternative<Single>(plan) && !std::holds_alternative<FanOut>(plan) &&
                !std::holds_alternative<Broadcast>(plan) && !std::holds_alternative<Scan>(plan) &&
                !std::holds_alternative<Blocking>(plan) && !std::holds_alternative<Wait>(plan) &&
                !std::holds_alternative<Watch>(plan),
            "a transaction sends nothing before EXEC");
  }
  // Slotway's own commands wait in a transaction too.
  const auto* queue = std::get_if<Queue>(&plan);
  const bool is_own = queue && queue->outside && queue->row->service == protocol::Service::local;
  const bool is_sent = !std::holds_alternative<Reject>(plan) && !std::holds_alternative<LocalReply>(plan) &&
                       !std::holds_alternative<TransactionStep>(plan) && !is_own;
  require(choices.facts.authenticated || !is_sent, "nothing is sent for a client that has to log in");
  Planner fresh(choices.multikey);
  require(same(plan, fresh.plan(request, choices.facts)), "earlier requests do not matter");
}

// Where one server has all keys nothing is split, and nothing crosses.
void check_one_shard(const RequestView& request, const Choices& choices) {
  Planner planner(choices.multikey, false, Keyspace::one_shard);
  SessionFacts facts = choices.facts;
  facts.transaction_slot = facts.in_transaction ? Planner::kOneSlot : kAnySlot;
  const Plan plan = planner.plan(request, facts);
  require(!std::holds_alternative<FanOut>(plan), "one shard's commands are not split");
  const auto* reject = std::get_if<Reject>(&plan);
  require(!reject || reject->reason != RejectReason::cross_slot, "one shard's keys cross no slots");
  if (const auto* single = std::get_if<Single>(&plan))
    require(single->row->service == protocol::Service::by_slot || single->slot == kAnySlot ||
                single->slot == Planner::kOneSlot,
            "one shard's keys are in its slot");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::uint8_t byte = fuzz::take_byte(input);
  const Choices choices{
      {(byte & 1) != 0, (byte & 8) != 0, (byte & 16) != 0 ? Slot{15495} : kAnySlot},
      {(byte & 2) != 0 ? config::CrossSlotWrites::reject : config::CrossSlotWrites::split},
      (byte & 4) != 0,
  };
  Planner planner(choices.multikey);
  protocol::RequestParser parser;
  while (true) {
    const ParseStatus status = parser.parse(input, {}, true);
    if (status == ParseStatus::need_more || status == ParseStatus::error) return 0;
    if (status == ParseStatus::request && (byte & 32) != 0) check_one_shard(parser.request(input), choices);
    if (status == ParseStatus::request && (byte & 32) == 0)
      check_plan(planner, parser.request(input), choices);
    input.remove_prefix(parser.size());
    parser.start();
  }
}
