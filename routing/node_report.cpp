#include "routing/node_report.hpp"

#include <algorithm>
#include <optional>
#include <vector>

#include "protocol/reply_errors.hpp"
#include "protocol/reply_writer.hpp"
#include "routing/info_merger.hpp"
#include "routing/latency_reports.hpp"
#include "routing/memory_stats.hpp"

namespace slotway::routing {

namespace {

using protocol::Merge;
using protocol::ReplyTree;
using protocol::ReplyType;

std::optional<ReplyTree> parse(const std::string& reply) {
  protocol::ReplyReader reader;
  reader.feed(reply);
  return reader.next();
}

// ---- SLOWLOG GET ----

bool is_entry(const ReplyTree& entry) {
  return entry.is_array() && entry.elements.size() >= 6 && entry.elements[0].type == ReplyType::integer &&
         entry.elements[1].type == ReplyType::integer && entry.elements[5].is_text();
}

// Nodes count their entries from 0, each for itself: with the shard's slot the numbers are told apart. The
// client's name is preceded by the node's address; its own address is that of the proxy's connection.
void name_entry(ReplyTree& entry, const NodeReport& report) {
  entry.elements[0].integer = entry.elements[0].integer * kSlotCount + report.shard;
  std::string& client = entry.elements[5].text;
  client = client.empty() ? report.node : report.node + "/" + client;
}

bool write_slow_log(std::string& out, std::span<const NodeReport> reports, std::span<ReplyTree> replies,
                    std::int64_t limit) {
  std::vector<ReplyTree> entries;
  for (std::size_t i = 0; i < replies.size(); ++i) {
    if (!replies[i].is_array()) return false;
    for (ReplyTree& entry : replies[i].elements) {
      if (!is_entry(entry)) return false;
      name_entry(entry, reports[i]);
      entries.push_back(std::move(entry));
    }
  }
  std::ranges::stable_sort(entries, std::greater{}, [](const ReplyTree& e) { return e.elements[1].integer; });
  if (limit != ReportWish::kAll && entries.size() > static_cast<std::size_t>(limit))
    entries.resize(static_cast<std::size_t>(limit));
  protocol::write_array_header(out, entries.size());
  for (const ReplyTree& entry : entries) write_tree(out, entry);
  return true;
}

// ---- texts ----

bool are_texts(std::span<const ReplyTree> replies) {
  return std::ranges::all_of(replies, [](const ReplyTree& r) { return r.is_text() || r.is_error(); });
}

void write_info(std::string& out, std::span<const NodeReport> reports, std::span<const ReplyTree> replies,
                const ReportWish& wish) {
  std::vector<std::string> texts;
  for (const ReplyTree& reply : replies) texts.push_back(reply.is_error() ? "" : reply.text);
  protocol::write_verbatim(out, wish.resp3, merge_info(reports, texts, wish));
}

void write_node_texts(std::string& out, std::span<const NodeReport> reports,
                      std::span<const ReplyTree> replies, bool resp3) {
  std::string text;
  for (std::size_t i = 0; i < replies.size(); ++i) {
    if (replies[i].is_error()) continue;
    if (!text.empty()) text += "\n";
    text.append("# ").append(reports[i].node).append("\n").append(replies[i].text);
    if (!text.ends_with('\n')) text += '\n';
  }
  protocol::write_verbatim(out, resp3, text);
}

bool write(std::string& out, Merge merge, std::span<const NodeReport> reports, std::span<ReplyTree> replies,
           const ReportWish& wish) {
  switch (merge) {
    case Merge::slowlog: return write_slow_log(out, reports, replies, wish.limit);
    case Merge::latency_latest: return write_latest(out, replies);
    case Merge::latency_history: return write_history(out, replies);
    case Merge::latency_histogram: return write_histogram(out, replies, wish.resp3);
    case Merge::memory_stats: return write_memory_stats(out, replies, wish.resp3);
    case Merge::info:
      if (!are_texts(replies)) return false;
      write_info(out, reports, replies, wish);
      return true;
    case Merge::node_texts:
      if (!are_texts(replies)) return false;
      write_node_texts(out, reports, replies, wish.resp3);
      return true;
    default: return false;
  }
}

}  // namespace

void write_tree(std::string& out, const ReplyTree& tree) {
  switch (tree.type) {
    case ReplyType::nil: out += protocol::kNullBulk; break;
    case ReplyType::status: protocol::write_simple(out, tree.text); break;
    case ReplyType::error: protocol::write_error(out, tree.text); break;
    case ReplyType::integer: protocol::write_integer(out, tree.integer); break;
    case ReplyType::string: protocol::write_bulk(out, tree.text); break;
    case ReplyType::array:
      protocol::write_array_header(out, tree.elements.size());
      for (const ReplyTree& element : tree.elements) write_tree(out, element);
  }
}

void write_report(std::string& out, Merge merge, std::span<const NodeReport> reports,
                  const ReportWish& wish) {
  std::vector<ReplyTree> replies;
  for (const NodeReport& report : reports) {
    auto reply = parse(report.reply);
    if (!reply) break;
    replies.push_back(std::move(*reply));
  }
  const std::size_t before = out.size();
  if (replies.size() == reports.size() && write(out, merge, reports, replies, wish)) return;
  out.resize(before);
  protocol::write_error(out, protocol::errors::kBadFragment);
}

}  // namespace slotway::routing
