// What a client_session does for CLIENT TRACKING, and for those who observe its requests.

#include <cstdint>
#include <utility>

#include "protocol/command_keys.hpp"
#include "protocol/monitor_line.hpp"
#include "proxy/client/client_session.hpp"
#include "proxy/client/entrance.hpp"
#include "proxy/client/monitor_feed.hpp"
#include "proxy/upstream/invalidations.hpp"

namespace slotway::proxy {

using protocol::CommandRow;
using protocol::LocalCommand;
using protocol::RequestView;

// --- observed requests ---

ClientSession::Observation ClientSession::observe(const CommandRow& row, const RequestView& request) const {
  Observation observation;
  if (room_.monitored && !inner_ && entrance_.home.monitors->is_wanted() && protocol::is_monitored(row))
    observation.line = MonitorFeed::line_of(*this, row, request);
  if (tracks_reads_) observation.keys = keys_read_by(row, request);
  return observation;
}

// What is queued is read at EXEC, and CLIENT CACHING holds until then. It also holds over other CLIENT
// commands (networking.c, resetClient).
void ClientSession::conclude(const CommandRow* row, Observation observation) {
  if (observation.line) entrance_.home.monitors->show(*observation.line);
  if (!tracks_reads_) return;
  if (transaction_ && !transaction_->failed()) return queue_keys(std::move(observation.keys));
  if (row && row->local == LocalCommand::exec) observation.keys = std::move(tracking_->queued);
  tracking_->queued.clear();
  tracking_->queued_bytes = 0;
  if (transaction_) return;
  entrance_.home.invalidations->remember(*this, observation.keys, replies_.last());
  if (!row || !row->name.starts_with("client|")) tracking_->caching = false;
}

void ClientSession::queue_keys(std::vector<std::string> keys) {
  for (std::string& key : keys) {
    tracking_->queued_bytes += sizeof(std::string) + key.size();
    tracking_->queued.push_back(std::move(key));
  }
  check_memory();
}

// Only the node knows whether a script reads: all keys that it is given may be read.
std::vector<std::string> ClientSession::keys_read_by(const CommandRow& row,
                                                     const RequestView& request) const {
  std::vector<std::string> keys;
  if (!row.has(protocol::kReadonly) && row.family != protocol::Family::scripting) return keys;
  if (tracking_->optin ? !tracking_->caching : tracking_->optout && tracking_->caching) return keys;
  std::vector<std::uint32_t> places;
  protocol::find_keys(row, request, places);
  for (const std::uint32_t place : places) keys.emplace_back(request.arg(place));
  return keys;
}

// --- CLIENT TRACKING ---

void ClientSession::start_tracking(ClientTracking wanted) {
  entrance_.home.invalidations->start(*this, std::move(wanted));
}

void ClientSession::set_tracking(ClientTracking tracking) {
  tracks_reads_ = !tracking.bcast;
  tracking_ = std::make_unique<ClientTracking>(std::move(tracking));
}

void ClientSession::stop_tracking() {
  if (entrance_.home.invalidations) entrance_.home.invalidations->stop(*this);
  tracks_reads_ = false;
  tracking_.reset();
}

void ClientSession::push_in_turn(std::string_view frame) {
  if (replies_.size() == 0 || (exec_ && exec_->is_taken())) return push_as_is(frame);
  // One slot for all that come before the next request.
  if (replies_.last() == last_push_) {
    replies_.extend(room_.slots.at(last_push_), frame);
  } else {
    last_push_ = replies_.open(handle_, protocol::Family::pubsub, 0);
    deliver(last_push_, room_.slots.at(last_push_), {frame});
  }
  check_memory();
}

}  // namespace slotway::proxy
