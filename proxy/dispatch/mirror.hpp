// Asks another upstream what clients ask this one: a copy of some of the requests, all or those that write,
// by a client that is Slotway itself (InnerStream), one for each protocol. Its replies are passed over, or
// compared. Owner: a Worker, one for each upstream that is mirrored. Thread: worker. Invariants: a client
// never waits for it: what is too much is not mirrored, and counted; copies are in the order of their
// originals.
//
// Not mirrored: what blocks, WAIT, subscriptions, SCAN, settings, and what Slotway answers by itself. A
// transaction that watched keys is mirrored when it was executed.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "config/config.hpp"
#include "protocol/reply_scanner.hpp"
#include "proxy/client/client_session.hpp"
#include "proxy/client/entrance.hpp"
#include "proxy/client/inner_stream.hpp"
#include "proxy/dispatch/reply_comparisons.hpp"
#include "routing/plan.hpp"

namespace slotway::proxy {

class Mirror {
 public:
  // Requests that wait for their mirrored reply, and their bytes.
  static constexpr std::size_t kMostPending = 10'000;
  static constexpr std::size_t kMostBytes = 32u << 20;

  // `target`: its home is where the copies go. `from` and `to` name the upstreams. The others outlive it.
  Mirror(SessionRoom& room, Sessions& sessions, ReplyComparisons& comparisons, const Entrance& target,
         std::string from, std::string to);
  ~Mirror();
  Mirror(const Mirror&) = delete;
  Mirror& operator=(const Mirror&) = delete;

  void configure(const config::MirrorConfig& config) { config_ = config; }

  // --- for a dispatcher ---
  // Keeps a copy of a request that is about to be taken. False: it is not to be mirrored.
  bool keep(const ClientSession& session, const protocol::RequestView& request, const routing::Plan& plan);
  // What was kept was not taken: as if it had not come.
  void comes_again() { credit_ = credit_before_; }
  // Of a transaction with so many commands.
  bool keep_transaction(const ClientSession& session, std::string text, std::size_t commands, bool writes);
  // It was taken: what was kept is sent. The reply slot that the session has opened last is its own.
  void send(ClientSession& session);
  // The part of a request that is not compared.
  void send_part(const ClientSession& session, const protocol::CommandRow& row, std::string_view text);
  // A transaction that was executed, whose session may have gone.
  void send_executed(std::string_view text, std::size_t commands, bool resp3, std::uint16_t database);

  // --- for the worker, in each turn ---
  // Lets the target have what was sent; and takes its replies. Behind all sockets.
  void feed();
  void collect();
  // There is something for feed().
  bool has_sent() const { return links_[0].is_hungry || links_[1].is_hungry; }

 private:
  struct Expected {
    std::uint32_t leading = 0;   // replies to pass over first
    std::uint64_t compared = 0;  // the pair's number; 0 = it is none
  };
  struct Link {
    InnerStream stream;
    Handle session;
    std::uint16_t database = 0;
    bool is_hungry = false;  // bytes have come since feed()
    std::deque<Expected> expected;
    protocol::ReplyScanner scanner;
  };

  bool is_chosen(bool writes);
  bool has_room(const Link& link, std::size_t bytes) const;
  bool append(Link& link, std::string_view text, std::uint16_t database, Expected expected);
  void open(Link& link, bool resp3);
  void close(Link& link);
  void collect(Link& link);
  Link& link_for(bool resp3) { return links_[resp3 ? 1 : 0]; }

  SessionRoom& room_;
  Sessions& sessions_;
  ReplyComparisons& comparisons_;
  const Entrance& target_;
  const std::string from_;
  const std::string to_;
  config::MirrorConfig config_;
  std::uint32_t credit_ = 0;         // percent, of requests that were not chosen
  std::uint32_t credit_before_ = 0;  // before the one that is kept
  std::array<Link, 2> links_;
  // --- what is kept ---
  std::string text_;
  std::string name_;  // for the log
  std::uint32_t leading_ = 0;
};

}  // namespace slotway::proxy
