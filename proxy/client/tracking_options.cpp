#include "proxy/client/tracking_options.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

#include "protocol/ascii_case.hpp"
#include "protocol/decimal.hpp"
#include "protocol/reply_errors.hpp"

namespace slotway::proxy {

namespace {

namespace errors = protocol::errors;
using protocol::equal_ignore_case;
using protocol::RequestView;

struct TrackingOptions {
  std::int64_t redirect = 0;
  bool bcast = false;
  bool optin = false;
  bool optout = false;
  std::vector<std::string_view> prefixes;
  std::string error;
};

bool take_flag(std::string_view word, TrackingOptions& options) {
  if (equal_ignore_case(word, "bcast")) return options.bcast = true;
  if (equal_ignore_case(word, "optin")) return options.optin = true;
  if (equal_ignore_case(word, "optout")) return options.optout = true;
  return equal_ignore_case(word, "noloop");
}

TrackingOptions read_options(const RequestView& request) {
  TrackingOptions options;
  for (std::size_t i = 3; i < request.argc() && options.error.empty(); ++i) {
    const std::string_view word = request.arg(i);
    const bool has_value = i + 1 < request.argc();
    if (has_value && equal_ignore_case(word, "redirect")) {
      const auto id = protocol::parse_decimal(request.arg(++i));
      if (options.redirect != 0) {
        options.error = errors::kSecondRedirect;
      } else if (!id) {
        options.error = errors::kNotInteger;
      } else {
        options.redirect = *id;
      }
    } else if (has_value && equal_ignore_case(word, "prefix")) {
      options.prefixes.push_back(request.arg(++i));
    } else if (!take_flag(word, options)) {
      options.error = errors::kSyntax;
    }
  }
  return options;
}

// One of two prefixes of one client begins with the other.
std::string overlap_error(const std::vector<std::string_view>& prefixes) {
  for (std::size_t i = 0; i < prefixes.size(); ++i) {
    for (std::size_t j = i + 1; j < prefixes.size(); ++j) {
      if (prefixes[i].starts_with(prefixes[j]) || prefixes[j].starts_with(prefixes[i]))
        return errors::overlapping_prefixes(prefixes[i], prefixes[j]);
    }
  }
  return {};
}

}  // namespace

std::string tracking_error(const RequestView& request) {
  const TrackingOptions options = read_options(request);
  if (!options.error.empty()) return options.error;
  if (equal_ignore_case(request.arg(2), "off")) return {};
  if (!equal_ignore_case(request.arg(2), "on")) return std::string(errors::kSyntax);
  if (!options.bcast && !options.prefixes.empty()) return std::string(errors::kPrefixWithoutBcast);
  if (options.bcast && (options.optin || options.optout)) return std::string(errors::kOptionWithBcast);
  if (options.optin && options.optout) return std::string(errors::kOptinAndOptout);
  if (std::string error = overlap_error(options.prefixes); !error.empty()) return error;
  return std::string(errors::kTrackingRefused);
}

}  // namespace slotway::proxy
