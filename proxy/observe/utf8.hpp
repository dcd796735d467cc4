// Text of unknown origin made valid UTF-8, so that JSON and log lines built from it can be read back.
// Pure; any thread. Source: RFC 3629 section 4 (no overlong forms, no surrogates, at most U+10FFFF).
#pragma once

#include <string>
#include <string_view>

namespace slotway::proxy {

// `bytes` with each byte that belongs to no well-formed sequence replaced by U+FFFD.
std::string to_valid_utf8(std::string_view bytes);

}  // namespace slotway::proxy
