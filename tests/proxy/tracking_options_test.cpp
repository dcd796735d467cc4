#include "proxy/client/tracking_options.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "protocol/reply_errors.hpp"
#include "tests/protocol/request_words.hpp"

namespace slotway::proxy {
namespace {

namespace errors = protocol::errors;

// "off", the error, or what the client has from then on: "bcast noloop >5 [a:] [b:]".
std::string judged(const std::string& options, const ClientTracking* now = nullptr) {
  const protocol::RequestWords words(protocol::split_words("CLIENT TRACKING " + options));
  const auto outcome = parse_tracking(words.view(), now);
  if (const auto* error = std::get_if<std::string>(&outcome)) return *error;
  if (std::holds_alternative<TrackingOff>(outcome)) return "off";
  const ClientTracking& tracking = std::get<ClientTracking>(outcome);
  std::string text = "on";
  if (tracking.bcast) text += " bcast";
  if (tracking.optin) text += " optin";
  if (tracking.optout) text += " optout";
  if (tracking.noloop) text += " noloop";
  if (tracking.caching) text += " caching";
  if (tracking.redirect != 0) text += " >" + std::to_string(tracking.redirect);
  for (const std::string& prefix : tracking.prefixes) text += " [" + prefix + "]";
  return text;
}

}  // namespace

TEST_CASE("CLIENT TRACKING's options are judged as Redis judges them") {
  const std::pair<std::string, std::string> cases[] = {
      {"ON", "on"},
      {"off", "off"},
      {"OFF BCAST OPTIN", "off"},
      {"maybe", std::string(errors::kSyntax)},
      {"on optin", "on optin"},
      {"on OPTOUT noloop", "on optout noloop"},
      {"on redirect 5", "on >5"},
      {"on bcast", "on bcast []"},
      {"on bcast prefix b: PREFIX a:", "on bcast [a:] [b:]"},
      {"on nosuch", std::string(errors::kSyntax)},
      {"on redirect", std::string(errors::kSyntax)},
      {"on redirect x", std::string(errors::kNotInteger)},
      {"on redirect 0", std::string(errors::kNoRedirectClient)},
      {"on redirect -5", std::string(errors::kNoRedirectClient)},
      {"on redirect 1 redirect 2", std::string(errors::kSecondRedirect)},
      {"on prefix a", std::string(errors::kPrefixWithoutBcast)},
      {"on bcast optin", std::string(errors::kOptionWithBcast)},
      {"on optin optout", std::string(errors::kOptinAndOptout)},
      {"on bcast prefix a prefix ab",
       "ERR Prefix 'a' overlaps with another provided prefix 'ab'. Prefixes for a single client must not "
       "overlap."},
      {"off prefix", std::string(errors::kSyntax)},
  };
  for (const auto& [options, expected] : cases) {
    INFO(options);
    CHECK(judged(options) == expected);
  }
}

TEST_CASE("Who tracks already keeps its mode, and may add prefixes") {
  ClientTracking bcast;
  bcast.bcast = true;
  bcast.prefixes = {"a:"};
  ClientTracking optin;
  optin.optin = true;
  optin.caching = true;
  optin.redirect_broken = true;
  ClientTracking optout;
  optout.optout = true;
  struct Case {
    const ClientTracking& now;
    std::string options;
    std::string expected;
  };
  const Case cases[] = {
      {bcast, "on bcast prefix b:", "on bcast [a:] [b:]"},
      {bcast, "on bcast", "on bcast [] [a:]"},
      {bcast, "on bcast prefix a:b",
       "ERR Prefix 'a:b' overlaps with an existing prefix 'a:'. Prefixes for a single client must not "
       "overlap."},
      {bcast, "on", std::string(errors::kOtherBcast)},
      {optin, "on bcast", std::string(errors::kOtherBcast)},
      {optin, "on", "on caching"},
      {optin, "on optin redirect 7", "on optin caching >7"},
      {optin, "on optout", std::string(errors::kOtherOption)},
      {optout, "on optin", std::string(errors::kOtherOption)},
      {optin, "off", "off"},
  };
  for (const Case& c : cases) {
    INFO(c.options);
    CHECK(judged(c.options, &c.now) == c.expected);
  }
}

TEST_CASE("CLIENT CACHING is for OPTIN and OPTOUT") {
  ClientTracking tracking;
  CHECK(caching_error("yes", tracking) == errors::kCachingYesWithoutOptin);
  CHECK(caching_error("NO", tracking) == errors::kCachingNoWithoutOptout);
  CHECK(caching_error("perhaps", tracking) == errors::kSyntax);
  tracking.optin = true;
  CHECK(caching_error("YES", tracking).empty());
  tracking.optin = false;
  tracking.optout = true;
  CHECK(caching_error("no", tracking).empty());
}

TEST_CASE("CLIENT TRACKINGINFO shows what is set") {
  const auto shown = [](const ClientTracking& tracking) {
    std::string out;
    write_tracking_info(out, false, &tracking);
    return out;
  };
  ClientTracking tracking;
  tracking.bcast = true;
  tracking.noloop = true;
  tracking.redirect = 12;
  tracking.redirect_broken = true;
  tracking.prefixes = {"b", "a"};
  CHECK(shown(tracking) ==
        "*6\r\n$5\r\nflags\r\n*4\r\n$2\r\non\r\n$5\r\nbcast\r\n$6\r\nnoloop\r\n$15\r\nbroken_redirect\r\n"
        "$8\r\nredirect\r\n:12\r\n$8\r\nprefixes\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n");
  ClientTracking optin;
  optin.optin = true;
  CHECK(shown(optin).find("*2\r\n$2\r\non\r\n$5\r\noptin\r\n") != std::string::npos);
  optin.caching = true;
  CHECK(shown(optin).find("*3\r\n$2\r\non\r\n$5\r\noptin\r\n$11\r\ncaching-yes\r\n") != std::string::npos);
}

}  // namespace slotway::proxy
