#include "routing/key_slot.hpp"

#include <catch2/catch.hpp>
#include <cstddef>
#include <string>

using namespace slotway::routing;

namespace {

// The definition, bit by bit: what the tables must agree with.
std::uint16_t crc16_bitwise(std::string_view bytes) {
  std::uint32_t crc = 0;
  for (const char c : bytes) {
    crc ^= static_cast<std::uint32_t>(static_cast<unsigned char>(c)) << 8;
    for (int bit = 0; bit < 8; ++bit)
      crc = ((crc & 0x8000u) != 0 ? (crc << 1) ^ 0x1021u : crc << 1) & 0xFFFFu;
  }
  return static_cast<std::uint16_t>(crc);
}

}  // namespace

TEST_CASE("CRC16 has the specification's check value") {
  CHECK(crc16("123456789") == 0x31C3);
  CHECK(crc16("") == 0);
}

TEST_CASE("CRC16 agrees with its bitwise definition at every length and byte value") {
  std::string bytes;
  std::uint32_t state = 1;
  for (std::size_t length = 0; length <= 300; ++length) {
    CAPTURE(length);
    CHECK(crc16(bytes) == crc16_bitwise(bytes));
    state = state * 1103515245u + 12345u;
    bytes.push_back(static_cast<char>(state >> 16));
  }
  for (int byte = 0; byte < 256; ++byte) {
    const std::string nine(9, static_cast<char>(byte));
    CHECK(crc16(nine) == crc16_bitwise(nine));
  }
}

TEST_CASE("The hash tag is what stands between the first { and the first } after it, unless that is empty") {
  struct Row {
    std::string_view key, tag;
  };
  const Row rows[] = {
      {"{user1000}.following", "user1000"},
      {"foo{}{bar}", "foo{}{bar}"},
      {"foo{{bar}}zap", "{bar"},
      {"foo{bar}{zap}", "bar"},
      {"", ""},
      {"{", "{"},
      {"}", "}"},
      {"{}", "{}"},
      {"}a{b}", "b"},
      {"a}b", "a}b"},
      {"{a", "{a"},
      {"x{a}", "a"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.key);
    CHECK(hash_tag(row.key) == row.tag);
  }
}

TEST_CASE("Slots are those that CLUSTER KEYSLOT answers") {
  struct Row {
    std::string_view key;
    Slot slot;
  };
  using namespace std::string_view_literals;
  const Row rows[] = {
      {"", 0},           {"foo", 12182},          {"bar", 5061},  {"123456789", 12739},
      {"{foo}x", 12182}, {"abc{foo}def", 12182},  {"hello", 866}, {"somekey", 11058},
      {"a\0b"sv, 8383},  {"foo{hash_tag}", 2515}, {"{}", 15257},  {"bar{hash_tag}", 2515},
  };
  for (const Row& row : rows) {
    CAPTURE(row.key);
    CHECK(slot_of(row.key) == row.slot);
  }
}
