#include "proxy/client/monitor_feed.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "config/listen_address.hpp"
#include "protocol/monitor_line.hpp"
#include "protocol/reply_writer.hpp"
#include "proxy/client/client_desk.hpp"
#include "proxy/socket_address.hpp"

namespace slotway::proxy {

namespace {

std::uint64_t unix_us() {
  using namespace std::chrono;
  return static_cast<std::uint64_t>(
      duration_cast<microseconds>(system_clock::now().time_since_epoch()).count());
}

// In front of the lines that were not lost; "" if none was.
std::string note_of(std::uint64_t lost) {
  if (lost == 0) return {};
  std::string seconds = std::to_string(unix_us());
  seconds.insert(seconds.size() - 6, ".");
  return "+" + seconds + " [0 slotway] \"(" + std::to_string(lost) + " requests are not shown)\"\r\n";
}

}  // namespace

MonitorFeed::MonitorFeed(unsigned index, unsigned count, unsigned upstream, const ProxyFacts& facts,
                         SessionRoom& room, Sessions& sessions)
    : index_(index), upstream_(upstream), facts_(facts), room_(room), sessions_(sessions), targets_(count) {}

// --- monitors ---

void MonitorFeed::join(ClientSession& session, Handle reply_slot) {
  ++joined_;
  listen(index_, true);
  const Handle joining = joining_.emplace(Joining{session.handle(), reply_slot, targets_.size()});
  for (unsigned worker = 0; worker < targets_.size(); ++worker) {
    if (worker == index_) continue;
    facts_.post_to_desk(worker,
                        [&facts = facts_, from = index_, number = upstream_, joining](ClientDesk& other) {
                          other.upstream(number).monitors->listen(from, true);
                          facts.post_to_desk(from, [number, joining](ClientDesk& mine) {
                            mine.upstream(number).monitors->on_joined(joining);
                          });
                        });
  }
  on_joined(joining);
}

void MonitorFeed::on_joined(Handle handle) {
  Joining& joining = joining_.at(handle);
  if (--joining.missing > 0) return;
  const Joining done = joining;
  joining_.erase(handle);
  ReplySlot* slot = room_.slots.find(done.reply_slot);
  ClientSession* session = slot ? sessions_.find(done.session) : nullptr;
  if (!session || session->is_finished()) return;
  session->deliver(done.reply_slot, *slot, {protocol::kOk});
  monitors_.push_back(done.session);
}

void MonitorFeed::leave(ClientSession& session) {
  std::erase(monitors_, session.handle());
  if (--joined_ > 0) return;
  listen(index_, false);
  for (unsigned worker = 0; worker < targets_.size(); ++worker) {
    if (worker == index_) continue;
    facts_.post_to_desk(worker, [from = index_, number = upstream_](ClientDesk& other) {
      other.upstream(number).monitors->listen(from, false);
    });
  }
}

void MonitorFeed::listen(unsigned worker, bool wants) {
  targets_[worker].wants = wants;
  targets_[worker].lost = 0;
  is_wanted_ = std::ranges::any_of(targets_, &Target::wants);
  if (!is_wanted_) {
    lines_.clear();
    count_ = 0;
    lost_ = 0;
  }
  room_.monitored = std::ranges::any_of(
      room_.upstreams, [](const UpstreamParts& upstream) { return upstream.monitors->is_wanted(); });
}

void MonitorFeed::show_here(std::string_view lines) {
  // One that is closed for its slowness leaves the list.
  const std::vector<Handle> monitors = monitors_;
  for (const Handle handle : monitors) {
    if (ClientSession* session = sessions_.find(handle)) session->show(lines);
  }
}

// --- lines ---

std::string MonitorFeed::line_of(const ClientSession& client, const protocol::CommandRow& row,
                                 const protocol::RequestView& request) {
  std::string line;
  if (request.bytes().size() <= kMaxTurnBytes) {
    const config::ListenAddress local = local_address(client.socket());
    const std::string address = local.is_unix() ? config::print_listen_address(local)
                                                : config::print_host_port(peer_address(client.socket()));
    protocol::write_monitor_line(line, unix_us(), client.facts().database, address, row, request);
  }
  return line;
}

void MonitorFeed::show(std::string_view line) {
  if (!is_wanted_) return;  // the request was the last monitor's RESET
  if (line.empty() || lines_.size() + line.size() > kMaxTurnBytes) {
    ++lost_;
    return;
  }
  lines_ += line;
  ++count_;
}

void MonitorFeed::flush() {
  const std::string lines = std::exchange(lines_, {});
  const std::uint64_t count = std::exchange(count_, 0);
  const std::uint64_t lost = std::exchange(lost_, 0);
  for (unsigned worker = 0; worker < targets_.size(); ++worker) {
    Target& target = targets_[worker];
    if (!target.wants) continue;
    target.lost += lost;
    if (target.posted + lines.size() > kMaxPostedBytes) {
      target.lost += count;
      continue;
    }
    std::string text = note_of(std::exchange(target.lost, 0)) + lines;
    if (worker == index_) {
      show_here(text);
      continue;
    }
    target.posted += text.size();
    facts_.post_to_desk(
        worker, [&facts = facts_, from = index_, number = upstream_, worker, text](ClientDesk& other) {
          other.upstream(number).monitors->show_here(text);
          facts.post_to_desk(from, [number, worker, bytes = text.size()](ClientDesk& mine) {
            mine.upstream(number).monitors->on_posted(worker, bytes);
          });
        });
  }
}

}  // namespace slotway::proxy
