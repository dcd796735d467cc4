#include "proxy/client/client_desk.hpp"

#include <algorithm>
#include <iterator>

#include "protocol/reply_errors.hpp"
#include "protocol/reply_writer.hpp"
#include "proxy/client/entrance.hpp"
#include "proxy/dispatch/dispatcher.hpp"
#include "proxy/upstream/subscriptions.hpp"

namespace slotway::proxy {

namespace {

using Kind = ClientQuestion::Kind;

// LIST ID shows them in the order they were asked for, as often as they were.
std::string list_text(const ClientFilter& filter, ClientAnswer& answer) {
  std::sort(answer.lines.begin(), answer.lines.end());
  std::string text;
  if (filter.ids_in_order.empty()) {
    for (const auto& [id, line] : answer.lines) text.append(line).append("\n");
    return text;
  }
  for (const std::int64_t id : filter.ids_in_order) {
    const auto found = std::ranges::lower_bound(answer.lines, static_cast<std::uint64_t>(id), {},
                                                [](const auto& line) { return line.first; });
    if (found != answer.lines.end() && std::cmp_equal(found->first, id))
      text.append(found->second).append("\n");
  }
  return text;
}

std::string reply_to(const ClientQuestion& question, ClientAnswer& answer) {
  std::string reply;
  switch (question.kind) {
    case Kind::list:
      protocol::write_verbatim(reply, question.resp3, list_text(question.filter, answer));
      break;
    case Kind::kill:
      if (!question.filter.by_address_only) {
        protocol::write_integer(reply, static_cast<std::int64_t>(answer.killed));
      } else if (answer.killed > 0) {
        reply = protocol::kOk;
      } else {
        protocol::write_error(reply, protocol::errors::kNoSuchClient);
      }
      break;
    case Kind::pause:
    case Kind::unpause: reply = protocol::kOk; break;
    case Kind::subscriptions: reply = question.subscriptions.reply(answer.subscriptions); break;
    case Kind::unblock: protocol::write_integer(reply, answer.unblocking.done ? 1 : 0); break;
  }
  return reply;
}

}  // namespace

void ClientDesk::ask(ClientSession& asking, protocol::Family family, ClientQuestion question) {
  const std::size_t workers = facts_.workers.size();
  question.resp3 = asking.facts().resp3;
  question.upstream = asking.entrance().home.number;
  const Handle slot = asking.open_reply(family, 0);
  asking.hold_until_answered();
  const Handle asked = asked_.emplace(Asked{slot, question, workers, {}});
  for (unsigned worker = 0; worker < workers; ++worker) {
    if (worker == index_) continue;
    facts_.post_to_desk(worker, [&facts = facts_, from = index_, asked, question](ClientDesk& other) {
      facts.post_to_desk(from, [asked, answer = other.answer(question)](ClientDesk& mine) mutable {
        mine.collect(asked, std::move(answer));
      });
    });
  }
  collect(asked, answer(question));
}

ClientAnswer ClientDesk::answer(const ClientQuestion& question) {
  ClientAnswer answer;
  switch (question.kind) {
    case Kind::pause:
      room_.pauses[question.upstream].extend(question.pause, room_.loop.now);
      room_.paused = true;
      return answer;
    case Kind::unpause: end_pause(question.upstream); return answer;
    case Kind::subscriptions:
      answer.subscriptions =
          question.subscriptions.answer(room_.upstreams[question.upstream].subscriptions->table());
      return answer;
    case Kind::unblock: return answer_unblock(question);
    case Kind::list:
    case Kind::kill: break;
  }
  sessions_.for_each([&](Handle handle, ClientSession& session) {
    if (session.is_finished() || is_other(session, question.upstream)) return;
    const ClientDescription client = session.describe();
    if (!question.filter.matches(client)) return;
    if (question.kind == Kind::list) {
      answer.lines.emplace_back(client.id, client.line());
      return;
    }
    ++answer.killed;
    // The one that asks gets its reply first; the others are gone before it does.
    if (client.id == question.filter.asking) {
      session.close_after_replies();
    } else {
      sessions_.erase(handle);
    }
  });
  return answer;
}

ClientAnswer ClientDesk::answer_unblock(const ClientQuestion& question) {
  ClientAnswer answer;
  sessions_.for_each([&](Handle handle, const ClientSession& session) {
    if (session.is_finished() || session.state().id != question.blocked) return;
    if (is_other(session, question.upstream)) return;
    for (unsigned number = 0; number < room_.upstreams.size() && !answer.unblocking.found(); ++number) {
      answer.unblocking = room_.upstreams[number].dispatcher->unblock(handle, question.with_error);
      answer.unblocking.upstream = number;
    }
  });
  return answer;
}

void ClientDesk::collect(Handle handle, ClientAnswer answer) {
  Asked& asked = asked_.at(handle);
  std::move(answer.lines.begin(), answer.lines.end(), std::back_inserter(asked.answer.lines));
  asked.answer.killed += answer.killed;
  for (const auto& [name, clients] : answer.subscriptions) asked.answer.subscriptions[name] += clients;
  // One worker has the client.
  if (answer.unblocking.found()) asked.answer.unblocking = std::move(answer.unblocking);
  if (--asked.missing > 0) return;

  if (ReplySlot* slot = room_.slots.find(asked.reply_slot)) {
    const std::string reply = reply_to(asked.question, asked.answer);
    if (reply.front() == '-') room_.loop.counters.count_error(slot->family, ErrorClass::refused);
    ClientSession& session = sessions_.at(slot->session);
    const std::vector<BlockedConnection>& blocked = asked.answer.unblocking.blocked;
    if (session.is_finished()) {
      // Nobody waits for the answer.
    } else if (!blocked.empty()) {
      const UpstreamParts& upstream = room_.upstreams[asked.answer.unblocking.upstream];
      upstream.dispatcher->tell_to_unblock(session, asked.reply_slot, blocked, asked.question.with_error);
    } else {
      session.deliver(asked.reply_slot, *slot, {reply});
    }
  }
  asked_.erase(handle);
}

bool ClientDesk::is_other(const ClientSession& session, unsigned upstream) const {
  return session.is_inner() || session.entrance().home.number != upstream;
}

void ClientDesk::on_tick() {
  if (!room_.paused) return;
  for (unsigned upstream = 0; upstream < room_.pauses.size(); ++upstream) {
    const ClientPause& pause = room_.pauses[upstream];
    if (pause.is_on() && pause.is_over(room_.loop.now)) end_pause(upstream);
  }
}

void ClientDesk::end_pause(unsigned upstream) {
  room_.pauses[upstream] = {};
  room_.paused = std::ranges::any_of(room_.pauses, &ClientPause::is_on);
  sessions_.for_each([&](Handle, ClientSession& session) {
    if (session.entrance().home.number == upstream) session.end_pause();
  });
}

}  // namespace slotway::proxy
