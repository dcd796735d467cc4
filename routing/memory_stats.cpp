#include "routing/memory_stats.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "protocol/reply_writer.hpp"

namespace slotway::routing {

namespace {

using protocol::ReplyTree;
using protocol::ReplyType;

// `of` / (`by` - `less`) * `times`, of the sums. In RESP2 a decimal is a string.
struct Quotient {
  std::string_view name, of, by;
  std::string_view less = {};
  int times = 1;
};
constexpr Quotient kQuotients[] = {
    {"dataset.percentage", "dataset.bytes", "total.allocated", "startup.allocated", 100},
    {"peak.percentage", "total.allocated", "peak.allocated", {}, 100},
    {"allocator-fragmentation.ratio", "allocator.active", "allocator.allocated"},
    {"allocator-rss.ratio", "allocator.resident", "allocator.active"},
};
constexpr std::string_view kBytesPerKey = "keys.bytes-per-key";

double number_of(const ReplyTree& reply) {
  if (reply.type == ReplyType::integer) return static_cast<double>(reply.integer);
  double value = 0;
  std::from_chars(reply.text.data(), reply.text.data() + reply.text.size(), value);
  return value;
}

double field(const ReplyTree& map, std::string_view name) {
  const ReplyTree* found = name.empty() ? nullptr : find_field(map, name);
  return found ? number_of(*found) : 0;
}

double divide(double of, double by) { return by == 0 ? 0 : of / by; }

std::string print(double value) {
  char text[64];
  return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

bool is_map(const ReplyTree& map) {
  if (!map.is_array() || map.elements.size() % 2 != 0) return false;
  for (std::size_t i = 0; i < map.elements.size(); i += 2) {
    if (!map.elements[i].is_text()) return false;
  }
  return true;
}

// The value behind `name`, to be changed; nullptr if there is none.
ReplyTree* value_of(ReplyTree& map, std::string_view name) {
  for (std::size_t i = 0; i + 1 < map.elements.size(); i += 2) {
    if (map.elements[i].text == name) return &map.elements[i + 1];
  }
  return nullptr;
}

// Sums of what is a number, the largest of what is a decimal, likewise in the maps within.
bool add(ReplyTree& total, const ReplyTree& map) {
  if (!is_map(map)) return false;
  for (std::size_t i = 0; i < map.elements.size(); i += 2) {
    const std::string& name = map.elements[i].text;
    const ReplyTree& value = map.elements[i + 1];
    ReplyTree* sum = value_of(total, name);
    if (!sum) {
      if (value.is_array() && !is_map(value)) return false;
      total.elements.push_back(map.elements[i]);
      total.elements.push_back(value);
    } else if (sum->type != value.type) {
      return false;
    } else if (value.is_array()) {
      if (!add(*sum, value)) return false;
    } else if (value.type == ReplyType::integer) {
      if (__builtin_add_overflow(sum->integer, value.integer, &sum->integer)) return false;
    } else if (number_of(value) > number_of(*sum)) {
      sum->text = value.text;
    }
  }
  return true;
}

void divide_again(ReplyTree& total) {
  for (std::size_t i = 0; i < total.elements.size(); i += 2) {
    const std::string& name = total.elements[i].text;
    ReplyTree& value = total.elements[i + 1];
    const auto* quotient = std::ranges::find(kQuotients, name, &Quotient::name);
    if (quotient != std::end(kQuotients)) {
      const double by = field(total, quotient->by) - field(total, quotient->less);
      value.text = print(divide(field(total, quotient->of) * quotient->times, by));
    } else if (name == kBytesPerKey) {
      const double used = field(total, "total.allocated") - field(total, "startup.allocated");
      value.integer = static_cast<std::int64_t>(divide(used, field(total, "keys.count")));
    }
  }
}

void write_map(std::string& out, const ReplyTree& map, bool resp3) {
  protocol::write_map_header(out, resp3, map.elements.size() / 2);
  for (std::size_t i = 0; i < map.elements.size(); i += 2) {
    const ReplyTree& value = map.elements[i + 1];
    protocol::write_bulk(out, map.elements[i].text);
    if (value.is_array()) {
      write_map(out, value, resp3);
    } else if (value.type == ReplyType::integer) {
      protocol::write_integer(out, value.integer);
    } else if (resp3) {
      out.append(",").append(value.text).append("\r\n");
    } else {
      protocol::write_bulk(out, value.text);
    }
  }
}

}  // namespace

bool write_memory_stats(std::string& out, std::span<const ReplyTree> replies, bool resp3) {
  ReplyTree total{.type = ReplyType::array};
  for (const ReplyTree& reply : replies) {
    if (!add(total, reply)) return false;
  }
  divide_again(total);
  write_map(out, total, resp3);
  return true;
}

}  // namespace slotway::routing
