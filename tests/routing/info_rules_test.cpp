#include "routing/info_rules.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

namespace slotway::routing {
namespace {

using Values = std::vector<std::string_view>;

constexpr std::string_view kLeftOut = "(left out)";

std::string merged(InfoRule rule, const Values& values) {
  return merge_values(rule, values).value_or(std::string(kLeftOut));
}

}  // namespace

TEST_CASE("every rule makes one value of those of the nodes") {
  struct Case {
    InfoRule rule;
    Values values;
    std::string_view merged;
  };
  const std::vector<Case> cases = {
      {InfoRule::sum, {"1", "2", "-4"}, "-1"},
      {InfoRule::sum, {"7"}, "7"},
      {InfoRule::sum, {"0.03", "1.5"}, "1.53"},
      {InfoRule::sum, {"0.000001", "2.000002"}, "2.000003"},
      {InfoRule::sum, {"9007199254740993", "2"}, "9007199254740995"},
      {InfoRule::sum, {"9223372036854775807", "1"}, "9223372036854775807"},
      {InfoRule::sum, {"x", "x"}, "x"},
      {InfoRule::sum, {"1", "x"}, kLeftOut},
      {InfoRule::largest, {"3", "12", "-1"}, "12"},
      {InfoRule::largest, {"0", "0"}, "0"},
      {InfoRule::largest, {"1.50", "0.75"}, "1.50"},
      {InfoRule::smallest, {"3", "12", "-1"}, "-1"},
      {InfoRule::smallest, {"1", "1"}, "1"},
      {InfoRule::bound, {"100", "200"}, "300"},
      {InfoRule::bound, {"100", "0"}, "0"},
      {InfoRule::same, {"jemalloc", "jemalloc"}, "jemalloc"},
      {InfoRule::same, {"jemalloc", "libc"}, kLeftOut},
      {InfoRule::same, {"", ""}, ""},
      {InfoRule::lowest_version, {"7.2.0", "7.0.15", "7.0.9"}, "7.0.9"},
      {InfoRule::lowest_version, {"10.0.0", "8.1"}, "8.1"},
      {InfoRule::all_ok, {"ok", "ok"}, "ok"},
      {InfoRule::all_ok, {"ok", "err", "ok"}, "err"},
      {InfoRule::own, {"1"}, kLeftOut},
      {InfoRule::left_out, {"1"}, kLeftOut},
      {InfoRule::human, {"1"}, kLeftOut},
      {InfoRule::sum, {}, kLeftOut},
  };
  for (const Case& c : cases) {
    INFO(static_cast<int>(c.rule) << " " << (c.values.empty() ? "" : c.values.front()));
    CHECK(merged(c.rule, c.values) == c.merged);
  }
}

TEST_CASE("parts are merged each by its own rule") {
  struct Case {
    Values values;
    std::string_view merged;
  };
  const std::vector<Case> cases = {
      // an average is weighted by what it is the average of
      {{"keys=10,expires=1,avg_ttl=1000", "keys=5,expires=3,avg_ttl=2000"}, "keys=15,expires=4,avg_ttl=1750"},
      {{"keys=10,expires=0,avg_ttl=0"}, "keys=10,expires=0,avg_ttl=0"},
      // a quotient is made anew
      {{"calls=1,usec=10,usec_per_call=10.00,rejected_calls=1,failed_calls=0",
        "calls=3,usec=20,usec_per_call=6.67,rejected_calls=0,failed_calls=2"},
       "calls=4,usec=30,usec_per_call=7.50,rejected_calls=1,failed_calls=2"},
      {{"calls=0,usec=0,usec_per_call=0.00"}, "calls=0,usec=0,usec_per_call=0.00"},
      {{"count=3", "count=4"}, "count=7"},
      // of percentiles, which cannot be added, the worst
      {{"p50=1.003,p99=2.007,p99.9=4.015", "p50=0.001,p99=8.031,p99.9=9.023"},
       "p50=1.003,p99=8.031,p99.9=9.023"},
      // a part that only some have, and one that is no number
      {{"a=1,name=x", "a=2,b=5,name=x"}, "a=3,name=x,b=5"},
  };
  for (const Case& c : cases) {
    INFO(c.values.front());
    CHECK(merged(InfoRule::parts, c.values) == c.merged);
  }
}

TEST_CASE("a field's rule is that of the table, of the longest name that fits, or follows from its form") {
  struct Case {
    std::string_view name;
    std::string_view value;
    InfoRule rule;
  };
  const std::vector<Case> cases = {
      {"redis_version", "7.0.15", InfoRule::lowest_version},
      {"redis_mode", "cluster", InfoRule::own},
      {"run_id", "f00", InfoRule::own},
      {"os", "Linux", InfoRule::same},
      {"uptime_in_seconds", "100", InfoRule::smallest},
      {"connected_clients", "5", InfoRule::own},
      {"blocked_clients", "5", InfoRule::own},
      {"used_memory", "1000", InfoRule::sum},
      {"used_memory_human", "1000B", InfoRule::human},
      {"used_memory_peak_perc", "100.00%", InfoRule::percent},
      {"mem_fragmentation_ratio", "1.00", InfoRule::ratio},
      {"total_system_memory_human", "1.00G", InfoRule::left_out},
      {"maxmemory", "0", InfoRule::bound},
      {"loading", "0", InfoRule::largest},
      {"rdb_last_save_time", "1700000000", InfoRule::smallest},
      {"rdb_last_bgsave_status", "ok", InfoRule::all_ok},
      {"rdb_last_bgsave_time_sec", "-1", InfoRule::largest},
      {"aof_enabled", "1", InfoRule::smallest},
      {"total_commands_processed", "1", InfoRule::sum},
      {"instantaneous_ops_per_sec", "1", InfoRule::sum},
      {"keyspace_hits", "1", InfoRule::sum},
      {"role", "master", InfoRule::own},
      {"slave0", "ip=1.2.3.4,port=1", InfoRule::left_out},
      {"slave_expires_tracked_keys", "0", InfoRule::sum},
      {"master_replid", "f00", InfoRule::left_out},
      {"master_replid2", "f00", InfoRule::left_out},
      {"master_repl_offset", "5", InfoRule::sum},
      {"used_cpu_sys", "0.5", InfoRule::sum},
      {"cmdstat_get", "calls=1,usec=1", InfoRule::parts},
      {"errorstat_ERR", "count=1", InfoRule::parts},
      {"latency_percentiles_usec_get", "p50=1.003", InfoRule::parts},
      {"db0", "keys=1,expires=0,avg_ttl=0", InfoRule::parts},
      // fields that nobody has written into the table
      {"a_new_counter", "1", InfoRule::sum},
      {"a_new_ratio", "1.5", InfoRule::largest},
      {"a_new_time_sec", "1", InfoRule::largest},
      {"a_new_thing_in_progress", "1", InfoRule::largest},
      {"a_new_status", "ok", InfoRule::all_ok},
      {"a_new_name", "x", InfoRule::same},
      {"a_new_size_human", "1K", InfoRule::human},
  };
  for (const Case& c : cases) {
    INFO(c.name);
    CHECK(info_field(c.name, c.value).rule == c.rule);
  }
  CHECK(info_field("used_memory_human", "1B").of == "used_memory");
}

TEST_CASE("numbers of INFO are read whole or not at all") {
  for (const std::string_view text :
       {"", "1a", "1.", ".", "1.5%", "0x1", "1e5", "nan", "inf", "1 ", "7.0.15"}) {
    INFO(text);
    CHECK_FALSE(parse_info_number(text));
  }
  CHECK(parse_info_number("-1")->whole == -1);
  CHECK(parse_info_number("0.03")->decimals == 2);
}

TEST_CASE("bytes are shown as Redis shows them") {
  CHECK(human_bytes(0) == "0B");
  CHECK(human_bytes(1023) == "1023B");
  CHECK(human_bytes(1024) == "1.00K");
  CHECK(human_bytes(1664944) == "1.59M");
  CHECK(human_bytes(25276502016) == "23.54G");
  CHECK(human_bytes(std::int64_t{3} << 40) == "3.00T");
}

}  // namespace slotway::routing
