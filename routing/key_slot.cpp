#include "routing/key_slot.hpp"

#include <array>
#include <cstddef>

namespace slotway::routing {
namespace {

constexpr std::uint32_t kPolynomial = 0x1021;
constexpr std::size_t kSlices = 8;

using Table = std::array<std::uint16_t, 256>;

// Slice k of the tables is the CRC of one byte followed by k zero bytes, so eight bytes cost eight
// independent lookups instead of a chain of eight.
constexpr std::array<Table, kSlices> make_tables() {
  std::array<Table, kSlices> tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte << 8;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 0x8000u) != 0 ? (crc << 1) ^ kPolynomial : crc << 1;
    tables[0][byte] = static_cast<std::uint16_t>(crc & 0xFFFFu);
  }
  for (std::size_t slice = 1; slice < kSlices; ++slice) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t before = tables[slice - 1][byte];
      tables[slice][byte] = static_cast<std::uint16_t>(((before << 8) & 0xFFFFu) ^ tables[0][before >> 8]);
    }
  }
  return tables;
}

constexpr std::array<Table, kSlices> kTables = make_tables();

constexpr std::uint32_t octet(char c) { return static_cast<unsigned char>(c); }

}  // namespace

std::uint16_t crc16(std::string_view bytes) {
  std::uint32_t crc = 0;
  const char* p = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= kSlices; left -= kSlices, p += kSlices) {
    crc = static_cast<std::uint32_t>(
        kTables[7][octet(p[0]) ^ (crc >> 8)] ^ kTables[6][octet(p[1]) ^ (crc & 0xFFu)] ^
        kTables[5][octet(p[2])] ^ kTables[4][octet(p[3])] ^ kTables[3][octet(p[4])] ^
        kTables[2][octet(p[5])] ^ kTables[1][octet(p[6])] ^ kTables[0][octet(p[7])]);
  }
  for (; left > 0; --left, ++p) crc = ((crc << 8) & 0xFFFFu) ^ kTables[0][(crc >> 8) ^ octet(*p)];
  return static_cast<std::uint16_t>(crc);
}

std::string_view hash_tag(std::string_view key) {
  const std::size_t open = key.find('{');
  if (open == std::string_view::npos) return key;
  const std::size_t close = key.find('}', open + 1);
  if (close == std::string_view::npos || close == open + 1) return key;
  return key.substr(open + 1, close - open - 1);
}

Slot slot_of(std::string_view key) { return static_cast<Slot>(crc16(hash_tag(key)) & (kSlotCount - 1)); }

}  // namespace slotway::routing
