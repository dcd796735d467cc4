// The hash slot of a key. Pure; any thread.
// Source: Redis cluster specification, "Key distribution model" and "Hash tags": CRC16-CCITT (XMODEM) of the
// key, or of what stands between the first '{' and the first '}' after it if that is not empty, modulo 16384.
#pragma once

#include <cstdint>
#include <string_view>

namespace slotway::routing {

using Slot = std::uint16_t;
inline constexpr std::uint32_t kSlotCount = 16384;
// "No key, any primary will do."
inline constexpr Slot kAnySlot = 0xFFFF;

std::uint16_t crc16(std::string_view bytes);

// The part of `key` that is hashed: a view into it.
std::string_view hash_tag(std::string_view key);

Slot slot_of(std::string_view key);

}  // namespace slotway::routing
