// One client's connection: reads, parses, hands requests to the dispatcher in one plain loop, and writes
// replies in the requests' order. Owner: the worker's slab of sessions. Thread: worker. Invariants: while
// reading is paused (a limit, a request of this client that is redirected, or a new map while some are in
// flight) bytes wait in the socket or in the kept tail, and are taken up as soon as the reason is gone; a
// session that is finished is erased at the end of the turn, not before.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/byte_queue.hpp"
#include "protocol/read_buffer.hpp"
#include "protocol/request_parser.hpp"
#include "proxy/client/client_description.hpp"
#include "proxy/client/client_pause.hpp"
#include "proxy/client/client_tracking.hpp"
#include "proxy/client/exec_reply.hpp"
#include "proxy/client/own_writes.hpp"
#include "proxy/client/reply_queue.hpp"
#include "proxy/client/session_state.hpp"
#include "proxy/client/transaction.hpp"
#include "proxy/client/upstream_parts.hpp"
#include "proxy/loop.hpp"
#include "proxy/observe/log_limiter.hpp"
#include "proxy/ring.hpp"
#include "proxy/socket_io.hpp"
#include "routing/plan.hpp"

namespace slotway::proxy {

class ClientSession;
struct Entrance;
struct InnerStream;
class ReplyComparisons;
class TlsStream;

using Sessions = Slab<ClientSession>;

// What became of a request that was handed over. But for `yes` nothing was done, and it must come again.
enum class Taken : std::uint8_t {
  yes,            // its reply will come in its turn
  when_answered,  // all earlier requests of the session have to be answered first
  after_pause,    // CLIENT PAUSE holds it back
};

// Whether a session is to end, and how soon.
enum class Departure : std::uint8_t {
  none,
  by_age,            // as soon as nothing of its client's is open; one that is told things stays
  between_requests,  // as soon as nothing of its client's is open
  when_answered,     // no later than what is in flight is answered, a transaction ended
};

// Output to which further replies are expected. Stale if the session has written since.
struct DeferredOutput {
  Handle session;
  TimePoint since;
};

// What all sessions of a worker share. Owner: the Worker.
struct SessionRoom {
  // What is larger is given back to the heap instead of being reused.
  static constexpr std::size_t kKeepBytes = 64 * 1024;
  static constexpr std::size_t kMaxFreeParsers = 256;

  Loop& loop;
  ReplySlots& slots;
  protocol::ParseLimits parse_limits;
  std::vector<std::unique_ptr<protocol::RequestParser>> parsers;  // free ones
  std::vector<Handle>
      to_settle;  // sessions that have output to write, reading to resume, or that are finished
  Ring<DeferredOutput> deferred;  // the oldest first
  std::string scratch;            // where local replies are written
  LogLimiter memory_warnings{std::chrono::seconds(10)};
  std::vector<ClientPause> pauses = {};       // CLIENT PAUSE, by number of the upstream
  bool paused = false;                        // one of them is on
  bool is_ending = false;                     // the worker is: others may have gone
  std::vector<UpstreamParts> upstreams = {};  // by number
  ReplyComparisons* comparisons = nullptr;
  bool monitored = false;  // some upstream's clients, by somebody, in any worker
  LogLimiter subscriber_warnings{std::chrono::seconds(10)};
  LogLimiter shed_warnings{std::chrono::seconds(10)};
  std::uint64_t memory_limit = 0;  // of limits.max_memory; 0 = none
  std::uint64_t part_bytes = 0;    // held by the mergers of all sessions

  // For a session with an incomplete request; started.
  std::unique_ptr<protocol::RequestParser> lend_parser();
  void take_back(std::unique_ptr<protocol::RequestParser> parser);
};

class ClientSession {
 public:
  // Takes the socket, which has come in at `entrance`. `id` is unique in the process.
  ClientSession(SessionRoom& room, const Entrance& entrance, int socket, std::uint64_t id);
  // The client is Slotway itself, which keeps `inner` for as long; it is shown to nobody.
  ClientSession(SessionRoom& room, const Entrance& entrance, InnerStream& inner);
  ~ClientSession();
  ClientSession(const ClientSession&) = delete;
  ClientSession& operator=(const ClientSession&) = delete;

  // Once, after construction. False: the session must be erased.
  bool start(Handle handle);

  // --- the worker's loop ---
  void on_io(std::uint32_t events);
  // At the end of a turn, if it is in room.to_settle. Output to which further replies are expected is
  // deferred, so that a pipeline's replies leave in one write. False: finished, erase it.
  bool settle();
  // Writes what was deferred then, if it was not written meanwhile. False: finished, erase it.
  bool settle_deferred(TimePoint since);
  void on_tick();
  // --- its end (session_departure.cpp) ---
  // On the tick, if there is a client_max_age.
  void check_age();
  // To be closed between two requests, until then it is served as before. One that only waits, for an element
  // or for messages, is closed at once.
  void leave();
  // No new requests, but those that a transaction lacks, or the rest of one that has begun to come; closed
  // when all is answered and written.
  void drain();
  // Takes up what CLIENT PAUSE has held back.
  void end_pause();
  // Of its requests and replies.
  std::uint64_t memory_bytes() const;
  // It holds the most, and there is too much.
  void shed() { finish(); }

  // --- the dispatcher ---
  const routing::SessionFacts& facts() const { return state_.facts; }
  Handle handle() const { return handle_; }
  bool is_inner() const { return inner_ != nullptr; }
  // The reply slot that was opened last; it may be gone.
  Handle last_reply() const { return replies_.last(); }
  Handle open_reply(protocol::Family family, std::size_t request_bytes);
  // Its socket is closed, and it is about to go: it takes no more replies.
  bool is_finished() const { return finished_; }
  void deliver(Handle handle, ReplySlot& slot, ReplyBytes reply);
  // The merger of one of its slots holds so many more bytes.
  void hold_part(std::size_t bytes);
  std::unique_ptr<routing::Merger> deliver_merged(Handle handle, ReplySlot& slot);
  void run_local(const protocol::CommandRow& row, const protocol::RequestView& request);
  // An unknown command that is a sentinel's, and answered (sentinel_view). False: it is not.
  bool run_sentinel(const protocol::RequestView& request);
  // A command of Slotway's own is the nodes' to answer now: one of them runs a script for long, and as one
  // server would it refuses what comes meanwhile.
  bool leaves_to_nodes(const protocol::CommandRow& row) const;
  // One of the subscribing commands. False: not before all its earlier requests are answered.
  bool run_subscription(const protocol::CommandRow& row, const protocol::RequestView& request);
  const Entrance& entrance() const { return entrance_; }
  // `text` without '-' and line end.
  void reply_error(protocol::Family family, ErrorClass error, std::string_view text);
  // `reply` is a whole one.
  void reply_now(protocol::Family family, std::string_view reply);
  // MULTI, DISCARD or EXEC. The transaction if it is to be sent now, closed; nullptr: answered.
  std::unique_ptr<Transaction> step_transaction(const protocol::CommandRow& row);
  void queue(const routing::Queue& plan, const protocol::RequestView& request);
  // For EXEC.
  Handle open_exec_reply(protocol::Family family, std::size_t request_bytes);
  // Ends the open transaction, if any.
  void drop_transaction();
  // A command was refused while a transaction was open: EXEC will fail.
  void fail_transaction();
  bool has_pending() const { return replies_.size() > 0; }
  // The connections that are set aside for it, the null handle: none. One holds its WATCH and the transaction
  // that follows, another one its blocking command; it may have both.
  void set_watching(Handle upstream) { set_aside(watching_, upstream); }
  Handle watching() const { return watching_; }
  void set_blocking(Handle upstream) { set_aside(blocking_, upstream); }
  Handle blocking() const { return blocking_; }
  // The slot that it watches keys of; kAnySlot = none. The connection may have gone meanwhile.
  routing::Slot watched_slot() const { return watched_slot_; }
  void watch(routing::Slot slot) { watched_slot_ = slot; }
  // See SessionState::bound.
  std::optional<std::uint16_t> bound_to() const { return state_.bound; }
  void bind_to(std::optional<std::uint16_t> upstream) { state_.bound = upstream; }
  // That reply slot is a blocking command's.
  void begin_blocking(Handle reply_slot) { blocking_reply_ = reply_slot; }
  // Sends no further request before all that were sent are answered.
  void hold_until_answered() { held_ = true; }
  // CLIENT PAUSE holds that command back: it comes again when the pause is over.
  bool postpones(const protocol::CommandRow& row, const protocol::RequestView& request);
  // --- upstream.read_your_writes ---
  void note_write(routing::Slot slot, Handle reply_slot);
  // A replica must have all that was acknowledged then to serve its reads of that slot; the epoch: any may;
  // max(): the primary alone.
  TimePoint read_since(routing::Slot slot) const;
  // Its last command; nullptr = unknown.
  void note_command(const protocol::CommandRow* row) { last_command_ = row; }

  // --- what others want to know of its requests ---
  struct Observation {
    std::optional<std::string> line;  // for monitors; nullopt: it is shown to nobody
    std::vector<std::string> keys;    // that it will have read
  };
  // A request may have to wait, or somebody observes it.
  bool is_observed() const { return room_.paused || room_.monitored || tracks_reads_; }
  // Of a request that will not be refused.
  Observation observe(const protocol::CommandRow& row, const protocol::RequestView& request) const;
  // It was taken, or refused; then `row` may be nullptr.
  void conclude(const protocol::CommandRow* row, Observation observation);

  // --- CLIENT TRACKING (session_tracking.cpp) ---
  // nullptr: it does not track.
  const ClientTracking* tracking() const { return tracking_.get(); }
  void start_tracking(ClientTracking wanted);
  void stop_tracking();
  void note_caching() { tracking_->caching = true; }
  void mark_redirect_broken() { tracking_->redirect_broken = true; }
  // From now on. The Invalidations know of it.
  void set_tracking(ClientTracking tracking);
  // One whole frame, behind the replies that are missing.
  void push_in_turn(std::string_view frame);
  // Its blocking command is not answered, whether it has been sent or waits for a node.
  bool is_blocked() const { return room_.slots.find(blocking_reply_) != nullptr; }

  // --- monitors (session_monitor.cpp) ---
  // False: not before all its earlier requests are answered.
  bool run_monitor(const protocol::CommandRow& row);
  // It monitors, and the command is of the keyspace: answered with an error.
  bool refuses_as_monitor(const protocol::CommandRow& row, const protocol::RequestView& request);
  // Whole lines, between the replies; bounded as messages are.
  void show(std::string_view lines);

  // --- subscriptions ---
  // A message, one whole frame: goes out between the replies. A client that has too many of them unread is
  // closed.
  void push(std::string_view frame);
  // The same of a frame that is right for its protocol.
  void push_as_is(std::string_view frame);

  // --- local commands ---
  SessionState& state() { return state_; }
  const SessionState& state() const { return state_; }
  void close_after_replies() { closing_ = true; }
  // From now on replies are of that protocol. Later requests wait for those in flight: they take other
  // connections.
  void speak(bool resp3);
  // CLIENT NO-TOUCH. Likewise; a WATCH keeps its connection.
  void set_no_touch(bool on);
  // SELECT. Likewise.
  void select(std::uint16_t database);
  // Ends what is open: a transaction, WATCH, subscriptions.
  void reset();
  int socket() const { return socket_; }
  ClientDescription describe() const;

 private:
  void take_exec_reply(Handle handle, ReplySlot& slot, ReplyBytes reply);
  void continue_exec();
  // Where that belongs which nobody has asked for.
  protocol::ByteQueue& pushes() { return exec_ && exec_->is_taken() ? exec_->pushes : out_; }
  void leave_subscriptions();
  void leave_monitors();
  void queue_keys(std::vector<std::string> keys);
  std::vector<std::string> keys_read_by(const protocol::CommandRow& row,
                                        const protocol::RequestView& request) const;
  // What goes out without having been asked for fits; a client that is too slow is closed.
  bool has_room_for(std::size_t bytes);
  void describe_subscriptions(ClientDescription& client) const;
  void read();
  IoResult read_into(std::span<char> space);
  bool process_requests();
  Taken handle_request(protocol::ReadBuffer* source);
  bool pause();
  void set_aside(Handle& place, Handle upstream);
  // Nobody needs it any more.
  void give_up(Handle upstream);
  void forget_watching();
  bool waits_for_replies() const;
  bool is_at_limit() const;
  bool has_gone() const;
  bool may_resume() const;
  void set_limited(bool limited);
  std::uint64_t held_bytes() const;
  void check_memory();
  bool has_nothing_open() const;
  bool waits_for_pushes() const;
  bool may_depart() const;
  void depart();
  void depart_if_quiet();
  void want_settle();
  bool expects_more_output() const;
  void write();
  void finish();

  SessionRoom& room_;
  const Entrance& entrance_;
  Handle handle_;
  int socket_;  // -1: it has an inner stream
  InnerStream* inner_ = nullptr;
  std::unique_ptr<TlsStream> tls_;  // nullptr: its bytes are the socket's
  bool settling_ = false;           // in room.to_settle
  bool hangup_ = false;             // the peer will send no more: read on until the end
  bool closing_ = false;            // takes no more requests; closes when all is answered and written
  bool finished_ = false;
  bool paused_ = false;
  bool limited_ = false;  // paused, and because of a limit
  bool held_ = false;
  bool postponed_ = false;  // by CLIENT PAUSE; then paused_ too
  bool listens_ = false;    // has, or had, subscriptions
  bool write_blocked_ = false;
  bool monitors_ = false;
  Departure departure_ = Departure::none;
  bool tracks_reads_ = false;
  std::unique_ptr<protocol::RequestParser> parser_;  // while a request is incomplete
  protocol::ReadBuffer read_;
  ReplyQueue replies_;
  protocol::ByteQueue out_;
  std::size_t part_bytes_ = 0;     // held by the mergers of its slots
  std::uint64_t map_version_ = 0;  // when the requests in flight began
  const TimePoint started_;
  TimePoint last_active_;     // a byte came or went
  TimePoint deferred_since_;  // its output waits in room.deferred; the epoch: it does not
  const protocol::CommandRow* last_command_ = nullptr;
  SessionState state_;
  std::unique_ptr<Transaction> transaction_;  // while one is open
  std::unique_ptr<ExecReply> exec_;           // from EXEC on, if there is need of it
  Handle exec_slot_;                          // whose reply it takes; null: it has it
  std::unique_ptr<ClientTracking> tracking_;  // while it tracks
  std::unique_ptr<OwnWrites> own_writes_;     // once it has written
  Handle watching_;
  Handle blocking_;
  Handle blocking_reply_;
  Handle last_push_;  // the slot of the last push_in_turn(); it may be gone
  routing::Slot watched_slot_ = routing::kAnySlot;
};

}  // namespace slotway::proxy
