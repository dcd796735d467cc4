// Between sessions and nodes: plans a request, sends it to the node that its slot names, follows redirects,
// parks what must wait, and hands each reply to the session that asked. Sessions and upstreams never know
// each other. Owner: a Worker. Thread: worker. Invariant: every reply slot that it opened is filled exactly
// once, by a reply or by an error, within the request's deadline; a reply whose session has gone is dropped.
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "protocol/request.hpp"
#include "proxy/client/client_session.hpp"
#include "proxy/dispatch/parked_requests.hpp"
#include "proxy/dispatch/script_store.hpp"
#include "proxy/dispatch/unblocking.hpp"
#include "proxy/upstream/upstream_pool.hpp"
#include "routing/hedge_policy.hpp"
#include "routing/planner.hpp"
#include "routing/redirect.hpp"
#include "routing/refresh_policy.hpp"
#include "routing/scan_cursor.hpp"

namespace slotway::proxy {

class Mirror;

class Dispatcher final : public UpstreamEvents {
 public:
  using RequestRefresh = std::function<void(routing::RefreshReason)>;
  // Runs a job at the dispatchers of all other workers, each on its own thread.
  using TellOthers = std::function<void(std::function<void(Dispatcher&)>)>;

  // `request_refresh` asks the control plane for a new map; it is called at most once a tick for each reason.
  Dispatcher(Loop& loop, Sessions& sessions, ReplySlots& slots, UpstreamPool& pool,
             RequestRefresh request_refresh);
  void set_tell_others(TellOthers tell_others) { tell_others_ = std::move(tell_others); }

  // What asks another upstream the same; nullptr: nobody does.
  void set_mirror(Mirror* mirror) { mirror_ = mirror; }

  // Takes a request of `session`. `source` holds its bytes if they are as the client sent them, else it is
  // nullptr; its block may be taken.
  Taken dispatch(ClientSession& session, const protocol::RequestView& request, protocol::ReadBuffer* source);

  // --- where prefixes of keys say at which upstream a request is served (prefix_router) ---
  const protocol::CommandRow* find_row(const protocol::RequestView& request) const {
    return planner_.find_row(request);
  }
  // Of a request that is that row's.
  Taken dispatch_as(const protocol::CommandRow& row, ClientSession& session,
                    const protocol::RequestView& request, protocol::ReadBuffer* source);
  // Makes the reply slot of a command whose parts are at several upstreams. `keys`: as of the splitter.
  Handle open_parts(ClientSession& session, const protocol::RequestView& request,
                    const protocol::CommandRow& row, const routing::Splitter& splitter,
                    std::span<const std::uint32_t> keys);
  // Sends the part that the splitter has at `index`.
  void send_part(ClientSession& session, Handle slot, const protocol::RequestView& request,
                 const protocol::CommandRow& row, const routing::Splitter& splitter,
                 std::span<const std::uint32_t> keys, std::size_t index);
  // It was sent.
  void mirror_part(const ClientSession& session, const protocol::RequestView& request,
                   const protocol::CommandRow& row, const routing::Splitter& splitter,
                   std::span<const std::uint32_t> keys, std::size_t index);
  // SCRIPT LOAD or FLUSH has been sent elsewhere.
  void note_scripts(const protocol::RequestView& request, protocol::ScriptUse use);
  // Takes a request of a session that is observed: what is not refused may have to wait, and is shown to
  // those who want to see it. `take()` returns false if it must come again when all earlier ones are
  // answered.
  template <class Take>
  static Taken take_observed(ClientSession& session, const protocol::RequestView& request,
                             const protocol::CommandRow* row, bool refused, Take take);

  // A command that was queued in a transaction and is not its node's. REQUIRES: the session waits for no
  // reply.
  void run_outside(ClientSession& session, const protocol::RequestView& request);

  // The session has no more use for the connections that were set aside for it, of which `upstream` is one,
  // and may have left them in any state.
  void forget(Handle upstream);

  // --- CLIENT UNBLOCK (unblock.cpp) ---
  // Ends the wait of a session that blocks, or says which nodes have to be told to.
  Unblocking unblock(Handle session, bool with_error);
  // Tells the nodes; what the first answers is the reply of `reply_slot`, which is `asking`'s.
  void tell_to_unblock(const ClientSession& asking, Handle reply_slot,
                       const std::vector<BlockedConnection>& blocked, bool with_error);

  // The worker's new map. What waits for a slot that has got another owner waits no longer.
  void set_topology(std::shared_ptr<const routing::Topology> topology);
  void set_learned(std::shared_ptr<const protocol::LearnedCommands> learned) {
    planner_.set_learned(std::move(learned));
  }
  // The settings are others.
  void on_config() {
    const config::UpstreamSettings& settings = pool_.settings();
    planner_.set_options(settings.multikey, loop_.config.client.debug_command == config::DebugCommand::allow);
    scripts_.set_max_bytes(settings.limits.max_scripts_bytes);
    take_settings();
  }

  // Sends what has waited long enough. At the end of each turn.
  void send_due();
  std::optional<TimePoint> next_due();
  void on_tick();

  // --- UpstreamEvents ---
  void on_reply(UpstreamConnection& connection, std::string_view reply,
                protocol::ReadBuffer& source) override;
  void on_lost(UpstreamConnection& connection) override;
  void on_deadline(const Request& request) override;

 private:
  Taken carry_out(ClientSession& session, const protocol::RequestView& request, const routing::Plan& plan,
                  protocol::ReadBuffer* source);
  // False: it must come again when all earlier requests of the session are answered.
  bool take(ClientSession& session, const protocol::RequestView& request, const routing::Plan& plan,
            protocol::ReadBuffer* source);
  bool take_rarer(ClientSession& session, const protocol::RequestView& request, const routing::Plan& plan);
  void reject(ClientSession& session, const protocol::RequestView& request, const routing::Reject& reject);
  void send_single(ClientSession& session, const protocol::RequestView& request,
                   const routing::Single& single, protocol::ReadBuffer* source);
  void send_fan_out(ClientSession& session, const protocol::RequestView& request,
                    const routing::FanOut& fan_out);
  bool send_broadcast(ClientSession& session, const protocol::RequestView& request,
                      const routing::Broadcast& broadcast);
  void send_to_shards(ClientSession& session, const protocol::RequestView& request,
                      const protocol::CommandRow& row, std::string_view bytes,
                      routing::ReportWish* report = nullptr);
  void send_report(ClientSession& session, const protocol::RequestView& request,
                   const protocol::CommandRow& row);
  void send_scan(ClientSession& session, const protocol::RequestView& request, const routing::Scan& scan);
  void send_settings(ClientSession& session, const protocol::RequestView& request,
                     const routing::Settings& settings);
  void change_settings(ClientSession& session, const protocol::RequestView& request,
                       const routing::ChangeSettings& change);
  static void note_transaction(Request& request, const Transaction& transaction);
  void send_transaction(ClientSession& session, const protocol::CommandRow& row, Transaction& transaction);
  // --- on connections set aside (pinned_requests.cpp) ---
  bool send_blocking(ClientSession& session, const protocol::RequestView& request,
                     const routing::Blocking& blocking);
  bool send_wait(ClientSession& session, const protocol::RequestView& request, const routing::Wait& wait);
  void on_wait_reply(UpstreamConnection& connection, std::string_view reply);
  void leave(const UpstreamConnection& connection, const Request& request);
  bool send_watch(ClientSession& session, const protocol::RequestView& request, const routing::Watch& watch);
  bool step_transaction(ClientSession& session, const protocol::CommandRow& row);
  void send_watched(ClientSession& session, const protocol::CommandRow& row, Transaction& transaction);
  void end_watch(ClientSession& session);
  bool handle_forced_unblock(UpstreamConnection& connection, std::string_view reply);
  void on_pinned_reply(UpstreamConnection& connection, std::string_view reply, protocol::ReadBuffer& source);
  void on_blocking_reply(UpstreamConnection& connection, ClientSession& session, const Request& request,
                         ReplyBytes reply);
  void on_watching_reply(UpstreamConnection& connection, ClientSession& session, const Request& request,
                         ReplyBytes reply);
  static void set_aside(ClientSession& session, const Request& request, Handle connection);
  void lose_pinned(UpstreamConnection& connection);
  void lose_pinned_request(UpstreamPipeline& pipeline, const Request& request);
  UpstreamConnection* watching_connection(const ClientSession& session);
  Request begin_pinned(ClientSession& session, const protocol::CommandRow& row, routing::Slot slot,
                       std::size_t bytes, Request::Pin pin);
  void pin(UpstreamConnection& connection, const Request& request);
  void give_up(UpstreamConnection& connection);
  void unblock_here(const Request& request, bool with_error);
  ClientSession* session_of(const Request& request);

  // --- scripts (scripts.cpp) ---
  // Ahead of `request` go the scripts that the connection's node has not been told of.
  void load_scripts(UpstreamConnection& connection, const Request& request);

  Request begin_request(ClientSession& session, Handle reply_slot, const protocol::CommandRow& row,
                        routing::Slot slot);

  // Sends the request to its slot's node, or parks it. `write(ByteQueue&)` appends its bytes.
  template <class Write>
  void send(Request& request, Write write);
  // `asking`: behind an ASKING of its own.
  template <class Write>
  void send_to(UpstreamConnection& connection, Request& request, bool asking, Write write);
  template <class Write>
  void queue(UpstreamConnection& connection, Request& request, Write write);
  // On a connection that may be of another database, or by a request that selects one.
  template <class Write>
  void queue_between_selects(UpstreamConnection& connection, Request& request, Write write);
  void queue_asking(UpstreamConnection& connection, const Request& request);
  void queue_select(UpstreamConnection& connection, const Request& request, std::uint16_t database);
  void send_bytes(Request request, protocol::ByteQueue& bytes);
  // What was parked.
  void resend(const Request& request, protocol::ByteQueue& bytes);
  // Makes one request for each shard of one for all.
  void spread(const Request& whole, protocol::ByteQueue bytes);

  // --- reads that replicas serve (replica_reads.cpp) ---
  void take_settings() {
    const config::UpstreamConfig& upstream = pool_.settings().upstream;
    request_timeout_ = pool_.settings().timeouts.request;
    retried_families_ = pool_.settings().failover.retry_unknown_writes;
    spreads_reads_ = upstream.reads_from_replicas();
    notes_writes_ = spreads_reads_ && upstream.read_your_writes;
    hedges_ = spreads_reads_ && upstream.hedged_reads;
    hedge_policy_.set_budget(upstream.hedge_budget);
  }
  // A replica may serve it, or it is a write that its client must not read an older value than.
  void choose_side(ClientSession& session, Request& request) const;
  UpstreamConnection* reader_for(Request& request);
  void leave_replica(Request& request);
  bool retry_at_primary(UpstreamConnection& from, protocol::RedirectKind kind);
  // --- those that replicas are late with (hedged_reads.cpp) ---
  std::optional<TimePoint> next_hedge();
  void send_hedges();
  // The request at that index, behind so many bytes of others, is asked of another node too, if there is one.
  void hedge(UpstreamConnection& from, std::size_t index, std::size_t before);

  bool handle_redirect(UpstreamConnection& connection, std::string_view reply);
  enum class Credit : std::uint8_t { none, doubtful, full };
  Credit credit_of(UpstreamConnection& from, const protocol::RedirectError& error, std::string_view reply);
  // False: it cannot wait.
  bool doubt(UpstreamConnection& from, const protocol::RedirectError& error, std::string_view reply);
  // True: it was a redirect. False: it is answered, or waits on.
  bool settle_doubt(ParkedRequest& parked);
  // --- mirrors (mirrored_requests.cpp) ---
  Taken carry_out_mirrored(ClientSession& session, const protocol::RequestView& request,
                           const routing::Plan& plan, const protocol::CommandRow* row,
                           protocol::ReadBuffer* source);
  void mirror_executed(const UpstreamConnection& connection, const Request& request, std::string_view reply);

  bool has_room_to_park(std::size_t bytes) const;
  void follow(UpstreamConnection& from, const protocol::RedirectError& error, bool asking);
  void move_slot(routing::Slot slot, const routing::Endpoint& endpoint);
  bool would_overtake(const Request& request);
  void park(Request request, protocol::ByteQueue bytes, TimePoint due);
  // Its shard has no primary at this time: it may wait for one beyond its own time.
  void await_primary(Request& request) const;
  // For want of a node, whatever an earlier one has said.
  void park_unsent(Request request, protocol::ByteQueue bytes, TimePoint due);
  void hold_session(const Request& request);
  void ask_refresh(routing::RefreshReason reason);
  // It is sent again after its connection was lost.
  void count_retry(const Request& request, bool unsent);

  // `error`: what the reply counts as if it is an error; count_ = it is none.
  void deliver(const Request& request, ReplyBytes reply, ErrorClass error);
  void deliver_part(ClientSession& session, ReplySlot& slot, const Request& request, std::string_view reply,
                    ErrorClass error);
  void deliver_rewritten(const UpstreamConnection& from, const Request& request, std::string_view reply);
  // A transaction was executed: first the other shards are emptied, if it has emptied its own.
  void deliver_flushing(const UpstreamConnection& from, const Request& executed, ReplyBytes reply);
  void deliver_scan(const UpstreamConnection& from, const Request& request, std::string_view reply);
  void deliver_settings(const Request& request, std::string_view reply);
  void deliver_error(const Request& request, ErrorClass error, std::string_view text);
  // It is answered, or nobody wants the answer.
  void finish(const Request& request) {
    loop_.counters.in_flight.sub(request.kind == Request::Kind::client ? 1 : 0);
    // Of the parts of a WAIT the first counts.
    const bool counts = request.may_block() && (!request.is_part() || request.fragment == 0);
    loop_.counters.clients_blocked.sub(counts ? 1 : 0);
  }
  const routing::ScanOrder& scan_order();  // of the map as it is now
  std::unique_ptr<routing::Merger> take_merger();
  void free_merger(std::unique_ptr<routing::Merger> merger);

  // A request for which no node is known looks again this often.
  static constexpr std::chrono::milliseconds kUnroutedDelay{50};

  Loop& loop_;
  Sessions& sessions_;
  ReplySlots& slots_;
  UpstreamPool& pool_;
  RequestRefresh request_refresh_;
  std::uint32_t refreshes_asked_ = 0;  // bit per reason, since the last tick
  routing::Planner planner_;
  // Of the settings, what each request needs.
  Clock::duration request_timeout_{};
  std::uint32_t retried_families_ = 0;
  bool spreads_reads_ = false;
  bool notes_writes_ = false;
  bool hedges_ = false;
  routing::HedgePolicy hedge_policy_;
  std::vector<Handle> late_replicas_;  // while send_hedges() runs
  ParkedRequests parked_;
  GaugeShare held_;
  std::uint64_t orders_ = 0;  // requests begun
  ScriptStore scripts_;
  Mirror* mirror_ = nullptr;
  TellOthers tell_others_ = [](const std::function<void(Dispatcher&)>&) {};
  // A WAIT has several connections; its session knows one of them.
  struct Waiting {
    Handle reply_slot;
    Handle connection;
  };
  std::vector<Waiting> waiting_;
  std::vector<std::unique_ptr<routing::Merger>> free_mergers_;
  std::shared_ptr<const routing::Topology> scan_map_;  // what scan_order_ is of
  routing::ScanOrder scan_order_;
};

// What nearly all requests are is decided where the plan was made.
[[gnu::always_inline]] inline bool Dispatcher::take(ClientSession& session,
                                                    const protocol::RequestView& request,
                                                    const routing::Plan& plan, protocol::ReadBuffer* source) {
  const auto* single = std::get_if<routing::Single>(&plan);
  if (!single) return take_rarer(session, request, plan);
  send_single(session, request, *single, source);
  return true;
}

[[gnu::always_inline]] inline Request Dispatcher::begin_request(ClientSession& session, Handle reply_slot,
                                                                const protocol::CommandRow& row,
                                                                routing::Slot slot) {
  Request request;
  request.order = ++orders_;
  const routing::SessionFacts& facts = session.facts();
  request.use.resp3 = facts.resp3;
  request.use.no_touch = facts.no_touch;
  request.use.database = facts.database;
  request.reply_slot = reply_slot;
  request.deadline = loop_.now + request_timeout_;
  request.slot = slot;
  request.readonly = row.has(protocol::kReadonly);
  request.repeatable = request.readonly || (retried_families_ >> index_of(row.family) & 1) != 0;
  if (spreads_reads_) [[unlikely]]
    choose_side(session, request);
  if (row.family == protocol::Family::scripting) {
    request.scripted = true;
    request.by_sha = row.scripts == protocol::ScriptUse::by_sha;
  }
  return request;
}

template <class Take>
Taken Dispatcher::take_observed(ClientSession& session, const protocol::RequestView& request,
                                const protocol::CommandRow* row, bool refused, Take take) {
  // What is refused is refused at once, and shown to nobody (processCommand).
  if (!refused && session.refuses_as_monitor(*row, request)) return Taken::yes;
  if (!refused && session.postpones(*row, request)) return Taken::after_pause;
  // The request's bytes may leave with it.
  ClientSession::Observation observation;
  if (!refused) observation = session.observe(*row, request);
  if (!take()) return Taken::when_answered;
  session.conclude(row, std::move(observation));
  return Taken::yes;
}

template <class Write>
void Dispatcher::send(Request& request, Write write) {
  UpstreamConnection* connection = request.spreads ? reader_for(request) : nullptr;
  if (!request.spreads) {
    connection = request.slot == routing::kAnySlot ? pool_.any_primary(request.use)
                                                   : pool_.for_slot(request.slot, request.use);
  }
  if (connection && connection->accepts(loop_.now)) return send_to(*connection, request, false, write);
  ask_refresh(connection ? routing::RefreshReason::connection_lost : routing::RefreshReason::uncovered_slot);
  protocol::ByteQueue bytes;
  write(bytes);
  park_unsent(request, std::move(bytes), connection ? connection->retry_at() : loop_.now + kUnroutedDelay);
}

template <class Write>
void Dispatcher::send_to(UpstreamConnection& connection, Request& request, bool asking, Write write) {
  if (request.by_sha) load_scripts(connection, request);
  // They are neighbours in one buffer: nothing can come between them.
  if (asking) queue_asking(connection, request);
  if (request.may_change_database()) {
    queue_between_selects(connection, request, write);
  } else {
    queue(connection, request, write);
  }
  if (request.pin != Request::Pin::none) pin(connection, request);
  connection.schedule_flush();
}

template <class Write>
void Dispatcher::queue_between_selects(UpstreamConnection& connection, Request& request, Write write) {
  const std::uint16_t database = connection.use().database;
  const bool is_other = request.use.database != database;
  if (is_other) queue_select(connection, request, request.use.database);
  queue(connection, request, write);
  if (is_other || request.selects) queue_select(connection, request, database);
}

template <class Write>
void Dispatcher::queue(UpstreamConnection& connection, Request& request, Write write) {
  request.queued_at = loop_.now;
  write(connection.pipeline().bytes());
  connection.pipeline().commit(request);
}

}  // namespace slotway::proxy
