// Commands about all clients of an upstream (CLIENT LIST, KILL, PAUSE, UNPAUSE, UNBLOCK; PUBSUB): each worker
// alone knows its sessions, so a question is posted to every worker's desk, each answers on its own thread
// and posts its answer back, and the desk that asked fills the client's reply slot. Owner: a Worker. Thread:
// worker; only values cross. Invariant: a question's slot is filled once, when all workers have answered;
// meanwhile the client's later requests wait, so that they see what it has done.
//
//   session -> desk 0 -- question --> desk 1, desk 2 …
//              desk 0 <--- answers --- …            -> reply slot
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "protocol/command_table.hpp"
#include "proxy/client/client_filter.hpp"
#include "proxy/client/client_session.hpp"
#include "proxy/client/proxy_facts.hpp"
#include "proxy/client/subscription_question.hpp"
#include "proxy/dispatch/unblocking.hpp"

namespace slotway::proxy {

struct ClientQuestion {
  enum class Kind : std::uint8_t { list, kill, pause, unpause, subscriptions, unblock };
  Kind kind = Kind::list;
  ClientFilter filter = {};  // of list and kill
  ClientPause pause = {};    // of pause
  SubscriptionQuestion subscriptions = {};
  unsigned upstream = 0;      // whose clients, and subscriptions, are meant: that of the client that asks
  std::uint64_t blocked = 0;  // of unblock: the client's id
  bool with_error = false;    // of unblock: ERROR, else TIMEOUT
  bool resp3 = false;         // who asks speaks it
};

struct ClientAnswer {
  std::vector<std::pair<std::uint64_t, std::string>> lines;  // of list: id and line
  std::uint64_t killed = 0;
  SubscriptionCounts subscriptions;
  Unblocking unblocking = {};  // of unblock
};

class ClientDesk {
 public:
  // `index` is the worker's place in facts.workers.
  ClientDesk(unsigned index, const ProxyFacts& facts, SessionRoom& room, Sessions& sessions)
      : index_(index), facts_(facts), room_(room), sessions_(sessions) {}

  // Opens a reply slot of `asking`, which is filled when all workers have answered.
  void ask(ClientSession& asking, protocol::Family family, ClientQuestion question);
  TimePoint now() const { return room_.loop.now; }
  const UpstreamParts& upstream(unsigned number) { return room_.upstreams[number]; }

  // --- the worker's loop ---
  // Takes up what a pause that is over has held back.
  void on_tick();

 private:
  struct Asked {
    Handle reply_slot;
    ClientQuestion question;
    std::size_t missing;  // answers
    ClientAnswer answer;
  };

  ClientAnswer answer(const ClientQuestion& question);
  ClientAnswer answer_unblock(const ClientQuestion& question);
  void collect(Handle asked, ClientAnswer answer);
  void end_pause(unsigned upstream);
  // Not one of the upstream's clients, or none that anybody hears of.
  bool is_other(const ClientSession& session, unsigned upstream) const;

  const unsigned index_;
  const ProxyFacts& facts_;
  SessionRoom& room_;
  Sessions& sessions_;
  Slab<Asked> asked_;
};

}  // namespace slotway::proxy
