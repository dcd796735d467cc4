#include "config/network.hpp"

#include <arpa/inet.h>

#include <array>
#include <cstddef>
#include <optional>
#include <variant>

#include "config/units.hpp"

namespace slotway::config {
namespace {

struct Address {
  std::array<unsigned char, 16> bytes{};
  std::size_t bits = 0;  // 32 or 128
};

std::optional<Address> parse_address(const std::string& text) {
  Address out;
  if (inet_pton(AF_INET, text.c_str(), out.bytes.data()) == 1) {
    out.bits = 32;
  } else if (inet_pton(AF_INET6, text.c_str(), out.bytes.data()) == 1) {
    out.bits = 128;
  } else {
    return std::nullopt;
  }
  return out;
}

struct Network {
  Address address;
  std::size_t length = 0;  // bits that count
};

std::optional<Network> parse_network(const std::string& text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos) return std::nullopt;
  const auto address = parse_address(text.substr(0, slash));
  const auto length = parse_count(text.substr(slash + 1));
  const auto* bits = std::get_if<std::uint64_t>(&length);
  if (!address || !bits || *bits > address->bits) return std::nullopt;
  return Network{*address, static_cast<std::size_t>(*bits)};
}

}  // namespace

bool is_network(const std::string& network) {
  return network.find('/') == std::string::npos || parse_network(network).has_value();
}

bool network_has(const std::string& network, const std::string& host) {
  if (network == host) return true;
  const auto wanted = parse_network(network);
  const auto address = parse_address(host);
  if (!wanted || !address || wanted->address.bits != address->bits) return false;
  for (std::size_t i = 0; i < wanted->length; ++i) {
    const int differing = wanted->address.bytes[i / 8] ^ address->bytes[i / 8];
    if ((differing & (0x80 >> (i % 8))) != 0) return false;
  }
  return true;
}

}  // namespace slotway::config
