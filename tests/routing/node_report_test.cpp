#include "routing/node_report.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "protocol/reply_errors.hpp"
#include "protocol/reply_writer.hpp"

namespace slotway::routing {
namespace {

using protocol::Merge;

// "[a, :1, [b]]" as RESP2: words are bulk strings, ":n" integers.
std::string resp(std::string_view& text) {
  const auto skip = [&](std::string_view what) {
    while (!text.empty() && what.find(text.front()) != std::string_view::npos) text.remove_prefix(1);
  };
  skip(" ,");
  std::string out;
  if (text.front() == '[') {
    text.remove_prefix(1);
    std::size_t count = 0;
    std::string elements;
    for (skip(" ,"); text.front() != ']'; skip(" ,")) {
      elements += resp(text);
      ++count;
    }
    text.remove_prefix(1);
    protocol::write_array_header(out, count);
    return out + elements;
  }
  const std::string_view word = text.substr(0, text.find_first_of(",]"));
  text.remove_prefix(word.size());
  if (word.starts_with(':')) return std::string(word) + "\r\n";
  protocol::write_bulk(out, word == "''" ? "" : word);
  return out;
}
std::string of(std::string_view text) { return resp(text); }

std::string merged(Merge merge, const std::vector<std::string>& replies, const ReportWish& wish = {}) {
  std::vector<NodeReport> reports;
  for (std::size_t i = 0; i < replies.size(); ++i)
    reports.push_back({static_cast<Slot>(i * 1000), "n" + std::to_string(i) + ":1", replies[i]});
  std::string out;
  write_report(out, merge, reports, wish);
  return out;
}

std::string entry(int id, int time, const std::string& client) {
  return "[:" + std::to_string(id) + ", :" + std::to_string(time) + ", :50, [GET, k], 1.2.3.4:5, " + client +
         "]";
}

}  // namespace

TEST_CASE("the slow log is that of all nodes, newest first, each entry with its node") {
  const std::vector<std::string> replies = {
      of("[" + entry(8, 300, "''") + ", " + entry(7, 100, "app") + "]"),
      of("[]"),
      of("[" + entry(8, 300, "''") + ", " + entry(2, 200, "''") + "]"),
  };
  const int shard = 16384;
  const std::string first = entry(8 * shard, 300, "n0:1");
  const std::string second = entry(8 * shard + 2000, 300, "n2:1");
  const std::string third = entry(2 * shard + 2000, 200, "n2:1");
  const std::string fourth = entry(7 * shard, 100, "n0:1/app");
  ReportWish wish;
  CHECK(merged(Merge::slowlog, replies, wish) ==
        of("[" + first + ", " + second + ", " + third + ", " + fourth + "]"));
  wish.limit = 2;
  CHECK(merged(Merge::slowlog, replies, wish) == of("[" + first + ", " + second + "]"));
  wish.limit = 0;
  CHECK(merged(Merge::slowlog, replies, wish) == of("[]"));

  std::vector<std::string> many;
  std::string list = "[";
  for (int i = 20; i > 0; --i) list += entry(i, i, "''") + (i > 1 ? ", " : "]");
  many.push_back(of(list));
  wish.limit = 10;
  CHECK(merged(Merge::slowlog, many, wish).starts_with("*10\r\n"));
  wish.limit = ReportWish::kAll;
  CHECK(merged(Merge::slowlog, many, wish).starts_with("*20\r\n"));
}

TEST_CASE("latency events are those of all nodes") {
  CHECK(merged(Merge::latency_latest, {of("[[command, :100, :5, :9]]"),
                                       of("[[fork, :90, :1, :2], [command, :110, :3, :7]]"), of("[]")}) ==
        of("[[command, :110, :3, :9], [fork, :90, :1, :2]]"));
  CHECK(merged(Merge::latency_history, {of("[[:100, :5], [:102, :6]]"), of("[[:100, :7], [:101, :1]]")}) ==
        of("[[:100, :7], [:101, :1], [:102, :6]]"));
  std::string first = "[";
  for (int i = 0; i < 160; ++i) first += "[:" + std::to_string(1000 + i) + ", :1], ";
  first += "]";
  CHECK(merged(Merge::latency_history, {of(first), of("[[:2000, :5]]")})
            .starts_with("*160\r\n*2\r\n:1001\r\n"));
}

TEST_CASE("histograms count up to each bucket, and so do their sums") {
  const std::vector<std::string> replies = {
      of("[get, [calls, :5, histogram_usec, [:1, :2, :4, :5]], set, [calls, :1, histogram_usec, [:2, :1]]]"),
      of("[get, [calls, :10, histogram_usec, [:2, :4, :4, :9, :8, :10]]]")};
  CHECK(merged(Merge::latency_histogram, replies) ==
        of("[get, [calls, :15, histogram_usec, [:1, :2, :2, :6, :4, :14, :8, :15]], "
           "set, [calls, :1, histogram_usec, [:2, :1]]]"));
  ReportWish wish;
  wish.resp3 = true;
  CHECK(merged(Merge::latency_histogram, {replies[1]}, wish) ==
        "%1\r\n$3\r\nget\r\n%2\r\n$5\r\ncalls\r\n:10\r\n$14\r\nhistogram_usec\r\n"
        "%3\r\n:2\r\n:4\r\n:4\r\n:9\r\n:8\r\n:10\r\n");
}

TEST_CASE("the memory of all nodes is added, its shares are made anew") {
  const std::vector<std::string> replies = {
      of("[peak.allocated, :400, total.allocated, :300, startup.allocated, :100, db.0, [main, :1], "
         "keys.count, :10, "
         "keys.bytes-per-key, :20, dataset.bytes, :100, dataset.percentage, 50, peak.percentage, 75, "
         "fragmentation, 1.5]"),
      of("[peak.allocated, :100, total.allocated, :100, startup.allocated, :100, db.0, [main, :2], "
         "keys.count, :0, "
         "keys.bytes-per-key, :0, dataset.bytes, :0, dataset.percentage, 0, peak.percentage, 100, "
         "fragmentation, 2.5]")};
  CHECK(merged(Merge::memory_stats, replies) ==
        of("[peak.allocated, :500, total.allocated, :400, startup.allocated, :200, db.0, [main, :3], "
           "keys.count, "
           ":10, keys.bytes-per-key, :20, dataset.bytes, :100, dataset.percentage, 50, peak.percentage, 80, "
           "fragmentation, 2.5]"));
  ReportWish wish;
  wish.resp3 = true;
  CHECK(merged(Merge::memory_stats, {of("[a, :1, fragmentation, 2.5, db.0, [main, :2]]")}, wish) ==
        "%3\r\n$1\r\na\r\n:1\r\n$13\r\nfragmentation\r\n,2.5\r\n$4\r\ndb.0\r\n%1\r\n$4\r\nmain\r\n:2\r\n");
}

TEST_CASE("texts stand beneath their node's address, and nodes without one are left out") {
  const std::vector<std::string> replies = {"$4\r\nfine\r\n", "-ERR no samples\r\n", "$4\r\nbad\n\r\n"};
  CHECK(merged(Merge::node_texts, replies) == "$24\r\n# n0:1\nfine\n\n# n2:1\nbad\n\r\n");
  ReportWish wish;
  wish.resp3 = true;
  CHECK(merged(Merge::node_texts, {replies[0]}, wish) == "=16\r\ntxt:# n0:1\nfine\n\r\n");
}

TEST_CASE("INFO is a text of the client's protocol") {
  const std::vector<std::string> replies = {"$27\r\n# Stats\r\nkeyspace_hits:12\r\n\r\n"};
  ReportWish wish;
  CHECK(merged(Merge::info, {replies[0], "-ERR no\r\n", replies[0]}, wish).find("keyspace_hits:24\r\n") !=
        std::string::npos);
  wish.resp3 = true;
  CHECK(merged(Merge::info, replies, wish).starts_with("=31\r\ntxt:# Stats\r\n"));
}

TEST_CASE("a reply of another shape is an error") {
  const std::string bad = "-" + std::string(protocol::errors::kBadFragment) + "\r\n";
  const std::vector<std::pair<Merge, std::string>> cases = {
      {Merge::slowlog, "+OK\r\n"},
      {Merge::slowlog, of("[[:1, :2, :3]]")},
      {Merge::slowlog, of("[[a, :2, :3, [], a, b]]")},
      {Merge::latency_latest, of("[[command, :1, :2]]")},
      {Merge::latency_latest, ":1\r\n"},
      {Merge::latency_history, of("[[:1]]")},
      {Merge::latency_history, "+OK\r\n"},
      {Merge::latency_histogram, of("[get]")},
      {Merge::latency_histogram, of("[get, [calls, :1]]")},
      {Merge::latency_histogram, of("[get, [calls, :1, histogram_usec, [:1]]]")},
      {Merge::memory_stats, of("[a]")},
      {Merge::memory_stats, of("[:1, :2]")},
      {Merge::memory_stats, "+OK\r\n"},
      {Merge::info, ":1\r\n"},
      {Merge::node_texts, "*0\r\n"},
      {Merge::slowlog, "*1\r\n"},  // not whole
  };
  for (const auto& [merge, reply] : cases) {
    INFO(reply);
    CHECK(merged(merge, {reply}) == bad);
  }
  CHECK(merged(Merge::memory_stats, {of("[a, :1]"), of("[a, x]")}) == bad);
}

}  // namespace slotway::routing
