#include "routing/block_time.hpp"

#include <cmath>
#include <cstdlib>
#include <string>

#include "protocol/ascii_case.hpp"
#include "protocol/decimal.hpp"
#include "routing/plan.hpp"

namespace slotway::routing {

namespace {

using protocol::RequestView;
using std::chrono::milliseconds;

// More than this is as good as for ever, and cannot overflow when it is added to a time.
constexpr milliseconds kLongest = std::chrono::hours(24 * 365 * 10);

// Where the argument of XREAD's BLOCK stands; 0 = nowhere. What belongs to another option says nothing: a
// group may be named "streams".
std::size_t block_option(const RequestView& request) {
  for (std::size_t i = 1; i < request.argc(); ++i) {
    const std::string_view word = request.arg(i);
    if (protocol::equal_ignore_case(word, "block")) return i + 1;
    if (protocol::equal_ignore_case(word, "streams")) return 0;
    if (protocol::equal_ignore_case(word, "count")) i += 1;
    if (protocol::equal_ignore_case(word, "group")) i += 2;
  }
  return 0;
}

milliseconds from_milliseconds(std::string_view text) {
  const auto value = protocol::parse_decimal(text);
  if (!value || *value < 0) return milliseconds{0};
  if (*value == 0 || *value > kLongest.count()) return kForever;
  return milliseconds{*value};
}

milliseconds from_seconds(std::string_view text) {
  const std::string copy(text);
  char* end = nullptr;
  const double value = std::strtod(copy.c_str(), &end);
  if (copy.empty() || *end != '\0' || std::isnan(value) || value < 0) return milliseconds{0};
  if (value == 0 || value * 1000 > static_cast<double>(kLongest.count())) return kForever;
  return milliseconds{static_cast<std::int64_t>(std::ceil(value * 1000))};
}

}  // namespace

bool may_block(const protocol::CommandRow& row, const RequestView& request) {
  return row.block_at != 0 || block_option(request) != 0;
}

milliseconds block_time(const protocol::CommandRow& row, const RequestView& request) {
  if (row.block_at == protocol::CommandRow::kBlockAtUnknown) return kForever;
  if (row.block_at == 0) {
    const std::size_t at = block_option(request);
    return at < request.argc() ? from_milliseconds(request.arg(at)) : milliseconds{0};
  }
  const std::size_t at = row.block_at < 0 ? request.argc() - 1 : static_cast<std::size_t>(row.block_at);
  return from_seconds(request.arg(at));
}

std::optional<milliseconds> replica_wait_time(const RequestView& request) {
  const auto time = protocol::parse_decimal(request.arg(2));
  if (!protocol::parse_decimal(request.arg(1)) || !time || *time < 0) return std::nullopt;
  return from_milliseconds(request.arg(2));
}

}  // namespace slotway::routing
