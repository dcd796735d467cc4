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
  bool noloop = false;
  std::vector<std::string_view> prefixes;
  std::string error;
};

bool take_flag(std::string_view word, TrackingOptions& options) {
  if (equal_ignore_case(word, "bcast")) return options.bcast = true;
  if (equal_ignore_case(word, "optin")) return options.optin = true;
  if (equal_ignore_case(word, "optout")) return options.optout = true;
  if (equal_ignore_case(word, "noloop")) return options.noloop = true;
  return false;
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
      } else if (*id <= 0) {
        options.error = errors::kNoRedirectClient;
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

bool overlap(std::string_view a, std::string_view b) { return a.starts_with(b) || b.starts_with(a); }

// A change of a key that begins with both would be told twice.
std::string overlap_error(const std::vector<std::string_view>& prefixes, const ClientTracking* now) {
  for (std::size_t i = 0; i < prefixes.size(); ++i) {
    if (now) {
      for (const std::string& existing : now->prefixes) {
        if (overlap(existing, prefixes[i]))
          return errors::overlapping_prefixes(prefixes[i], "an existing", existing);
      }
    }
    for (std::size_t j = i + 1; j < prefixes.size(); ++j) {
      if (overlap(prefixes[i], prefixes[j]))
        return errors::overlapping_prefixes(prefixes[i], "another provided", prefixes[j]);
    }
  }
  return {};
}

std::string error_of(const TrackingOptions& options, const ClientTracking* now) {
  if (!options.bcast && !options.prefixes.empty()) return std::string(errors::kPrefixWithoutBcast);
  if (now && now->bcast != options.bcast) return std::string(errors::kOtherBcast);
  if (options.bcast && (options.optin || options.optout)) return std::string(errors::kOptionWithBcast);
  if (options.optin && options.optout) return std::string(errors::kOptinAndOptout);
  if (now && ((options.optin && now->optout) || (options.optout && now->optin)))
    return std::string(errors::kOtherOption);
  return overlap_error(options.prefixes, now);
}

}  // namespace

std::variant<ClientTracking, TrackingOff, std::string> parse_tracking(const RequestView& request,
                                                                      const ClientTracking* now) {
  const TrackingOptions options = read_options(request);
  if (!options.error.empty()) return options.error;
  if (equal_ignore_case(request.arg(2), "off")) return TrackingOff{};
  if (!equal_ignore_case(request.arg(2), "on")) return std::string(errors::kSyntax);
  if (std::string error = error_of(options, now); !error.empty()) return error;

  ClientTracking wanted;
  wanted.bcast = options.bcast;
  wanted.optin = options.optin;
  wanted.optout = options.optout;
  wanted.noloop = options.noloop;
  wanted.redirect = static_cast<std::uint64_t>(options.redirect);
  if (now) {
    wanted.prefixes = now->prefixes;
    wanted.caching = now->caching;
  }
  if (options.bcast && options.prefixes.empty()) wanted.prefixes.emplace();
  wanted.prefixes.insert(options.prefixes.begin(), options.prefixes.end());
  return wanted;
}

std::string caching_error(std::string_view mode, const ClientTracking& now) {
  if (equal_ignore_case(mode, "yes")) return now.optin ? "" : std::string(errors::kCachingYesWithoutOptin);
  if (equal_ignore_case(mode, "no")) return now.optout ? "" : std::string(errors::kCachingNoWithoutOptout);
  return std::string(errors::kSyntax);
}

}  // namespace slotway::proxy
