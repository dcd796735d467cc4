#include "routing/latency_reports.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <vector>

#include "protocol/reply_writer.hpp"

namespace slotway::routing {

namespace {

using protocol::ReplyTree;
using protocol::ReplyType;

constexpr std::size_t kHistoryLength = 160;  // LATENCY_TS_LEN

bool are_integers(const ReplyTree& row, std::size_t from, std::size_t size) {
  return row.is_array() && row.elements.size() == size &&
         std::all_of(row.elements.begin() + static_cast<std::ptrdiff_t>(from), row.elements.end(),
                     [](const ReplyTree& e) { return e.type == ReplyType::integer; });
}

// ---- histograms ----

struct Histogram {
  std::string command;
  std::int64_t calls = 0;
  std::map<std::int64_t, std::int64_t> buckets{};  // upper bound -> calls in it, of all nodes
};

// A node's buckets count all calls up to them, and only those that are not empty are there.
bool add_buckets(Histogram& histogram, const ReplyTree& buckets) {
  if (!are_integers(buckets, 0, buckets.elements.size()) || buckets.elements.size() % 2 != 0) return false;
  std::int64_t so_far = 0;
  for (std::size_t i = 0; i < buckets.elements.size(); i += 2) {
    const std::int64_t count = buckets.elements[i + 1].integer;
    histogram.buckets[buckets.elements[i].integer] += count - so_far;
    so_far = count;
  }
  return true;
}

bool add_command(std::vector<Histogram>& all, const ReplyTree& command, const ReplyTree& facts) {
  const ReplyTree* calls = find_field(facts, "calls");
  const ReplyTree* buckets = find_field(facts, "histogram_usec");
  if (!command.is_text() || !calls || calls->type != ReplyType::integer || !buckets) return false;
  auto found = std::ranges::find(all, command.text, &Histogram::command);
  if (found == all.end()) found = all.insert(all.end(), Histogram{command.text});
  found->calls += calls->integer;
  return add_buckets(*found, *buckets);
}

void write_one(std::string& out, const Histogram& histogram, bool resp3) {
  protocol::write_bulk(out, histogram.command);
  protocol::write_map_header(out, resp3, 2);
  protocol::write_bulk(out, "calls");
  protocol::write_integer(out, histogram.calls);
  protocol::write_bulk(out, "histogram_usec");
  protocol::write_map_header(out, resp3, histogram.buckets.size());
  std::int64_t so_far = 0;
  for (const auto& [bound, count] : histogram.buckets) {
    protocol::write_integer(out, bound);
    protocol::write_integer(out, so_far += count);
  }
}

}  // namespace

bool write_latest(std::string& out, std::span<const ReplyTree> replies) {
  std::vector<ReplyTree> events;
  for (const ReplyTree& reply : replies) {
    if (!reply.is_array()) return false;
    for (const ReplyTree& row : reply.elements) {
      if (!are_integers(row, 1, 4) || !row.elements[0].is_text()) return false;
      const auto same_event = [&](const ReplyTree& e) { return e.elements[0].text == row.elements[0].text; };
      const auto found = std::ranges::find_if(events, same_event);
      if (found == events.end()) {
        events.push_back(row);
        continue;
      }
      const std::int64_t max = std::max(found->elements[3].integer, row.elements[3].integer);
      if (row.elements[1].integer > found->elements[1].integer) *found = row;
      found->elements[3].integer = max;
    }
  }
  protocol::write_array_header(out, events.size());
  for (const ReplyTree& event : events) {
    protocol::write_array_header(out, 4);
    protocol::write_bulk(out, event.elements[0].text);
    for (std::size_t i = 1; i < 4; ++i) protocol::write_integer(out, event.elements[i].integer);
  }
  return true;
}

bool write_history(std::string& out, std::span<const ReplyTree> replies) {
  std::map<std::int64_t, std::int64_t> samples;
  for (const ReplyTree& reply : replies) {
    if (!reply.is_array()) return false;
    for (const ReplyTree& row : reply.elements) {
      if (!are_integers(row, 0, 2)) return false;
      std::int64_t& latency = samples[row.elements[0].integer];
      latency = std::max(latency, row.elements[1].integer);
    }
  }
  while (samples.size() > kHistoryLength) samples.erase(samples.begin());
  protocol::write_array_header(out, samples.size());
  for (const auto& [time, latency] : samples) {
    protocol::write_array_header(out, 2);
    protocol::write_integer(out, time);
    protocol::write_integer(out, latency);
  }
  return true;
}

bool write_histogram(std::string& out, std::span<const ReplyTree> replies, bool resp3) {
  std::vector<Histogram> all;
  for (const ReplyTree& reply : replies) {
    if (!reply.is_array() || reply.elements.size() % 2 != 0) return false;
    for (std::size_t i = 0; i < reply.elements.size(); i += 2) {
      if (!add_command(all, reply.elements[i], reply.elements[i + 1])) return false;
    }
  }
  protocol::write_map_header(out, resp3, all.size());
  for (const Histogram& histogram : all) write_one(out, histogram, resp3);
  return true;
}

}  // namespace slotway::routing
