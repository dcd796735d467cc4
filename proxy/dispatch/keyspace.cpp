// The dispatcher's part for commands of the whole keyspace: to every shard at once, or to one after another.
#include "protocol/decimal.hpp"
#include "protocol/reply_errors.hpp"
#include "protocol/reply_writer.hpp"
#include "proxy/client/entrance.hpp"
#include "proxy/client/local_commands.hpp"
#include "proxy/dispatch/dispatcher.hpp"

namespace slotway::proxy {

namespace {

using protocol::ByteQueue;
using protocol::Merge;
using routing::ScanCursor;

constexpr std::string_view kDbSize = "*1\r\n$6\r\nDBSIZE\r\n";

}  // namespace

// --- to every shard ---

bool Dispatcher::send_broadcast(ClientSession& session, const protocol::RequestView& request,
                                const routing::Broadcast& broadcast) {
  const protocol::CommandRow& row = *broadcast.row;
  if (!protocol::is_report(row.merge)) {
    send_to_shards(session, request, row, request.bytes());
    return true;
  }
  // Nodes are asked in RESP2: a client of RESP3 has its other requests on other connections.
  if (session.facts().resp3 && session.has_pending()) return false;
  send_report(session, request, row);
  return true;
}

void Dispatcher::send_report(ClientSession& session, const protocol::RequestView& request,
                             const protocol::CommandRow& row) {
  routing::ReportWish wish;
  wish.resp3 = session.facts().resp3;
  if (row.merge == Merge::slowlog && request.argc() > 2)
    wish.limit = protocol::parse_decimal(request.arg(2)).value_or(0);
  if (row.merge != Merge::info) return send_to_shards(session, request, row, request.bytes(), &wish);

  wish.sections = routing::InfoSections(request);
  if (!wish.sections.asks_nodes()) return session.run_local(row, request);
  wish.own_info = session.entrance().local_commands.own_info(wish.sections);
  wish.topology = pool_.topology();
  const std::string asked = wish.sections.node_request();
  send_to_shards(session, request, row, asked, &wish);
}

void Dispatcher::send_to_shards(ClientSession& session, const protocol::RequestView& request,
                                const protocol::CommandRow& row, std::string_view bytes,
                                routing::ReportWish* report) {
  loop_.counters.requests[index_of(row.family)].add();
  loop_.counters.in_flight.add();
  const Handle slot = session.open_reply(row.family, request.bytes().size());
  std::unique_ptr<routing::Merger> merger = take_merger();
  merger->reset(row.merge, 0, row.has(protocol::kWrite), 0);
  Request whole = begin_request(session, slot, row, routing::kAnySlot);
  if (report) {
    merger->set_wish(std::move(*report));
    if (whole.use.resp3) session.hold_until_answered();
    whole.use.resp3 = false;
  }
  slots_.at(slot).rest().merger = std::move(merger);

  whole.fragment = Request::kEveryShard;
  // On connections that no script holds up.
  whole.use.aside = row.has(protocol::kAllowBusy) || row.service == protocol::Service::local;
  ByteQueue copy;
  copy.append(loop_.blocks, bytes);
  spread(whole, std::move(copy));
  if (row.scripts != protocol::ScriptUse::none) note_scripts(request, row.scripts);
}

void Dispatcher::spread(const Request& whole, ByteQueue bytes) {
  // --- which shards there are; without any it waits ---
  const auto& topology = pool_.topology();
  const std::vector<routing::Slot> shards = topology ? topology->shard_slots() : std::vector<routing::Slot>{};
  if (shards.empty()) {
    ask_refresh(routing::RefreshReason::uncovered_slot);
    return park_unsent(whole, std::move(bytes), loop_.now + kUnroutedDelay);
  }

  // --- a fragment for each, two if its size weighs ---
  routing::Merger& merger = *slots_.at(whole.reply_slot).rest().merger;
  const bool weighted = merger.merge() == protocol::Merge::weighted;
  const std::size_t fragments = shards.size() * (weighted ? 2 : 1);
  merger.reset(merger.merge(), fragments, merger.writes(), pool_.random());
  loop_.counters.fragments.add(fragments);
  loop_.counters.in_flight.add(fragments - 1);
  Request part = whole;
  part.fragment = 0;
  for (const routing::Slot shard : shards) {
    part.slot = shard;
    ByteQueue copy;
    if (weighted) {
      copy.append(loop_.blocks, kDbSize);
      send_bytes(part, copy);
      ++part.fragment;
    }
    bytes.copy_prefix(bytes.size(), loop_.blocks, copy);
    send_bytes(part, copy);
    ++part.fragment;
  }
  bytes.clear(loop_.blocks);
}

void Dispatcher::resend(const Request& request, ByteQueue& bytes) {
  if (request.fragment == Request::kEveryShard) return spread(request, std::move(bytes));
  ReplySlot* slot = request.is_part() ? slots_.find(request.reply_slot) : nullptr;
  const routing::Merger* merger = slot ? slot->rest().merger.get() : nullptr;
  if (merger && merger->flush() && pool_.topology()->is_of_shard(merger->flush()->node, request.slot)) {
    // What the transaction wrote behind its own flush would be lost.
    bytes.clear(loop_.blocks);
    return deliver_error(request, ErrorClass::unreachable, protocol::errors::kShardMoved);
  }
  send_bytes(request, bytes);
}

// --- replies that are not passed on as they come ---

void Dispatcher::deliver_rewritten(const UpstreamConnection& from, const Request& request,
                                   std::string_view reply) {
  if (request.is_scan()) return deliver_scan(from, request, reply);
  if (request.fragment == Request::kSettings) return deliver_settings(request, reply);
  deliver_flushing(from, request, {reply});
}

// Also for a client that has gone meanwhile: what it asked for has begun.
void Dispatcher::deliver_flushing(const UpstreamConnection& from, const Request& executed, ReplyBytes reply) {
  auto flush = routing::executed_flush(from.pipeline().front_text(), reply.view, from.endpoint());
  const std::vector<routing::Slot> shards =
      flush ? pool_.topology()->other_shard_slots(from.endpoint()) : std::vector<routing::Slot>{};
  if (shards.empty()) return deliver(executed, reply, ErrorClass::count_);
  const std::string command = flush->command;

  // --- its own shard has answered ---
  if (ReplySlot* slot = slots_.find(executed.reply_slot)) {
    std::unique_ptr<routing::Merger> merger = take_merger();
    merger->reset(Merge::all_ok, shards.size() + 1, true, 0);
    merger->set_flush(std::move(*flush));
    merger->add(static_cast<std::uint32_t>(shards.size()), protocol::kOk);
    const std::size_t held = merger->held_bytes();
    slot->rest().merger = std::move(merger);
    sessions_.at(slot->session).hold_part(held);
  }

  // --- a fragment for each of the others ---
  loop_.counters.fragments.add(shards.size());
  loop_.counters.in_flight.add(shards.size());
  finish(executed);
  Request part;
  part.reply_slot = executed.reply_slot;
  part.deadline = loop_.now + pool_.settings().timeouts.request;
  part.order = executed.order;
  part.use = executed.use;
  part.use.pinned = false;
  part.fragment = 0;
  for (const routing::Slot shard : shards) {
    part.slot = shard;
    ByteQueue bytes;
    bytes.append(loop_.blocks, command);
    send_bytes(part, bytes);
    ++part.fragment;
  }
}

// --- one shard after another ---

const routing::ScanOrder& Dispatcher::scan_order() {
  if (scan_map_ != pool_.topology()) {
    scan_map_ = pool_.topology();
    scan_order_ = routing::ScanOrder(*scan_map_);
  }
  return scan_order_;
}

void Dispatcher::send_scan(ClientSession& session, const protocol::RequestView& request,
                           const routing::Scan& scan) {
  loop_.counters.requests[index_of(scan.row->family)].add();
  const auto asked = ScanCursor::parse(request.arg(1));
  if (!asked) {
    return session.reply_error(scan.row->family, ErrorClass::refused, protocol::errors::kInvalidCursor);
  }
  const ScanCursor cursor = scan_order().resolve(*asked);

  // --- the same request with the node's cursor ---
  std::string text;
  protocol::write_array_header(text, request.argc());
  text += request.raw_arg(0);
  protocol::write_bulk(text, std::to_string(cursor.node_cursor));
  ByteQueue bytes;
  bytes.append(loop_.blocks, text);
  if (request.argc() > 2) bytes.append(loop_.blocks, request.raw_args(2, request.argc() - 2));

  loop_.counters.in_flight.add();
  const Handle slot = session.open_reply(scan.row->family, request.bytes().size());
  Request step = begin_request(session, slot, *scan.row, cursor.slot);
  step.fragment = Request::kScan + cursor.fingerprint;
  step.spreads = false;  // its cursor is of one node
  send_bytes(step, bytes);
}

void Dispatcher::deliver_scan(const UpstreamConnection& from, const Request& request,
                              std::string_view reply) {
  const auto scanned = routing::ScanReply::parse(reply);
  if (!scanned) return deliver_error(request, ErrorClass::upstream, protocol::errors::kBadFragment);
  const routing::ScanOrder& order = scan_order();
  const routing::NodeIndex node = scan_map_->find(from.endpoint().host, from.endpoint().port);
  const ScanCursor sent{0, static_cast<std::uint8_t>(request.fragment - Request::kScan), request.slot};
  const routing::ScanOrder::Next next = order.next(sent, node, scanned->node_cursor);
  std::string text;
  routing::write_scan_reply(text, next.cursor, next.usable ? scanned->elements : std::string_view{});
  deliver(request, {text}, ErrorClass::count_);
}

}  // namespace slotway::proxy
