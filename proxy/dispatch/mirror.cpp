#include "proxy/dispatch/mirror.hpp"

#include <sys/epoll.h>

#include <string>
#include <utility>
#include <variant>

#include "protocol/reply_writer.hpp"

namespace slotway::proxy {

namespace {

constexpr std::string_view kHello3 = "*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n";
// Of a request the log shows its name and its key.
constexpr std::size_t kShownArgument = 64;

// What may be asked again elsewhere, with the same meaning there.
const protocol::CommandRow* mirrored_row(const routing::Plan& plan) {
  if (const auto* single = std::get_if<routing::Single>(&plan)) return single->row;
  if (const auto* fan_out = std::get_if<routing::FanOut>(&plan)) return fan_out->row;
  if (const auto* broadcast = std::get_if<routing::Broadcast>(&plan)) {
    return protocol::is_report(broadcast->row->merge) ? nullptr : broadcast->row;
  }
  return nullptr;
}

std::string shown(const protocol::RequestView& request) {
  std::string out(request.arg(0).substr(0, kShownArgument));
  if (request.argc() > 1) out.append(" ").append(request.arg(1).substr(0, kShownArgument));
  return out;
}

}  // namespace

Mirror::Mirror(SessionRoom& room, Sessions& sessions, ReplyComparisons& comparisons, const Entrance& target,
               std::string from, std::string to)
    : room_(room),
      sessions_(sessions),
      comparisons_(comparisons),
      target_(target),
      from_(std::move(from)),
      to_(std::move(to)) {}

Mirror::~Mirror() {
  for (Link& link : links_) {
    if (sessions_.find(link.session)) sessions_.erase(link.session);
  }
}

// --- which requests ---

// Evenly: of each hundred that may be, so many are.
bool Mirror::is_chosen(bool writes) {
  if (config_.writes_only && !writes) return false;
  credit_ += config_.percent;
  if (credit_ < 100) return false;
  credit_ -= 100;
  return true;
}

bool Mirror::keep(const ClientSession& session, const protocol::RequestView& request,
                  const routing::Plan& plan) {
  credit_before_ = credit_;
  const protocol::CommandRow* row = session.is_inner() ? nullptr : mirrored_row(plan);
  if (!row || !is_chosen(may_write(*row, request))) return false;
  text_.assign(request.bytes());
  leading_ = 0;
  if (config_.compare) name_ = shown(request);
  return true;
}

bool Mirror::keep_transaction(const ClientSession& session, std::string text, std::size_t commands,
                              bool writes) {
  if (session.is_inner() || !is_chosen(writes)) return false;
  text_ = std::move(text);
  leading_ = static_cast<std::uint32_t>(1 + commands);
  if (config_.compare) name_ = "EXEC";
  return true;
}

void Mirror::send(ClientSession& session) {
  const routing::SessionFacts& facts = session.facts();
  Link& link = link_for(facts.resp3);
  Expected expected{leading_, 0};
  const Handle slot = session.last_reply();
  ReplySlot* place = config_.compare && has_room(link, text_.size()) ? room_.slots.find(slot) : nullptr;
  if (place) {
    place->compared = true;
    expected.compared = comparisons_.begin(slot, std::move(name_), from_, to_);
  }
  if (!append(link, text_, facts.database, expected) && place) comparisons_.forget(expected.compared);
}

void Mirror::send_part(const ClientSession& session, const protocol::CommandRow& row, std::string_view text) {
  if (!session.is_inner() && is_chosen(row.has(protocol::kWrite)))
    append(link_for(session.facts().resp3), text, session.facts().database, {});
}

void Mirror::send_executed(std::string_view text, std::size_t commands, bool resp3, std::uint16_t database) {
  if (is_chosen(true)) append(link_for(resp3), text, database, {static_cast<std::uint32_t>(1 + commands), 0});
}

// --- to the target ---

bool Mirror::has_room(const Link& link, std::size_t bytes) const {
  return link.expected.size() < kMostPending && link.stream.pending() + bytes <= kMostBytes;
}

bool Mirror::append(Link& link, std::string_view text, std::uint16_t database, Expected expected) {
  const bool has_database = database == 0 || target_.config.upstream.is_one_shard();
  if (!has_room(link, text.size()) || !has_database) {
    room_.loop.counters.mirror_dropped.add();
    return false;
  }
  if (!sessions_.find(link.session)) open(link, &link == &links_[1]);
  if (link.database != database) {
    link.database = database;
    protocol::write_array_header(link.stream.in, 2);
    protocol::write_bulk(link.stream.in, "SELECT");
    protocol::write_bulk(link.stream.in, std::to_string(database));
    link.expected.push_back({});
  }
  link.stream.in.append(text);
  link.expected.push_back(expected);
  link.is_hungry = true;
  room_.loop.counters.mirrored.add();
  return true;
}

void Mirror::open(Link& link, bool resp3) {
  close(link);
  link = {};
  // Of no listener: its id is none of a client.
  link.session = sessions_.emplace(room_, target_, link.stream);
  sessions_.at(link.session).start(link.session);
  if (!resp3) return;
  link.stream.in.append(kHello3);
  link.expected.push_back({});
}

void Mirror::close(Link& link) {
  for (const Expected& expected : link.expected) {
    if (expected.compared != 0) comparisons_.forget(expected.compared);
  }
  room_.loop.counters.mirror_dropped.add(link.expected.size());
  link.expected.clear();
}

// Not while another session's bytes are in the worker's scratch area.
void Mirror::feed() {
  for (Link& link : links_) {
    if (!std::exchange(link.is_hungry, false)) continue;
    if (ClientSession* session = sessions_.find(link.session)) session->on_io(EPOLLIN);
  }
}

void Mirror::collect() {
  for (Link& link : links_) collect(link);
}

void Mirror::collect(Link& link) {
  std::string_view rest = link.stream.out;
  while (!rest.empty() && !link.expected.empty() && link.scanner.scan(rest) == protocol::ScanStatus::reply) {
    const std::string_view reply = rest.substr(0, link.scanner.size());
    Expected& expected = link.expected.front();
    if (expected.leading > 0) {
      --expected.leading;
    } else {
      if (expected.compared != 0) comparisons_.on_mirrored(expected.compared, reply);
      link.expected.pop_front();
    }
    rest.remove_prefix(reply.size());
    link.scanner.start();
  }
  link.stream.out.erase(0, link.stream.out.size() - rest.size());
  if (link.stream.closed) close(link);
}

}  // namespace slotway::proxy
