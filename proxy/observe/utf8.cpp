#include "proxy/observe/utf8.hpp"

#include <cstddef>

namespace slotway::proxy {
namespace {

unsigned byte_at(std::string_view bytes, std::size_t i) { return static_cast<unsigned char>(bytes[i]); }

// The length of the well-formed sequence that starts at `i`; 0 = there is none.
std::size_t sequence_length(std::string_view bytes, std::size_t i) {
  const unsigned lead = byte_at(bytes, i);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xC2 && lead <= 0xDF   ? 2
                             : lead >= 0xE0 && lead <= 0xEF ? 3
                             : lead >= 0xF0 && lead <= 0xF4 ? 4
                                                            : 0;
  if (length == 0 || bytes.size() - i < length) return 0;

  // The second byte's range is narrower after these leads: overlong forms, surrogates, above U+10FFFF.
  const unsigned second = byte_at(bytes, i + 1);
  const unsigned low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const unsigned high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (second < low || second > high) return 0;
  for (std::size_t k = 2; k < length; ++k) {
    if ((byte_at(bytes, i + k) & 0xC0) != 0x80) return 0;
  }
  return length;
}

}  // namespace

std::string to_valid_utf8(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  for (std::size_t i = 0; i < bytes.size();) {
    const std::size_t length = sequence_length(bytes, i);
    out.append(length == 0 ? std::string_view("\xEF\xBF\xBD") : bytes.substr(i, length));
    i += length == 0 ? 1 : length;
  }
  return out;
}

}  // namespace slotway::proxy
