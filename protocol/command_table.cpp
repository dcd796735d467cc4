#include "protocol/command_table.hpp"

#include <algorithm>
#include <array>

#include "protocol/ascii_case.hpp"

namespace slotway::protocol {
namespace {

#include "protocol/command_rows.inc"

// ---- a name as three words, lower case: compared and hashed without a loop over its bytes ----

constexpr std::size_t kMaxName = 24;

// Little-endian loads, spelled so that a compiler makes one instruction of each, and a constant of the
// table's.
constexpr std::uint64_t byte_at(const char* p, std::size_t i) { return static_cast<unsigned char>(p[i]); }
constexpr std::uint64_t load32(const char* p) {
  return byte_at(p, 0) | byte_at(p, 1) << 8 | byte_at(p, 2) << 16 | byte_at(p, 3) << 24;
}
constexpr std::uint64_t load64(const char* p) {
  return byte_at(p, 0) | byte_at(p, 1) << 8 | byte_at(p, 2) << 16 | byte_at(p, 3) << 24 |
         byte_at(p, 4) << 32 | byte_at(p, 5) << 40 | byte_at(p, 6) << 48 | byte_at(p, 7) << 56;
}
// The first `size` bytes, 0 < size < 8, the rest zero. Two loads that overlap agree on the bytes they share.
constexpr std::uint64_t load_short(const char* p, std::size_t size) {
  if (size >= 4) return load32(p) | load32(p + size - 4) << (size - 4) * 8;
  return byte_at(p, 0) | byte_at(p, size / 2) << size / 2 * 8 | byte_at(p, size - 1) << (size - 1) * 8;
}

// Eight bytes folded at once: bit 7 of `upper` is set in each byte that is A-Z. Sums of 7-bit values never
// carry over.
constexpr std::uint64_t fold(std::uint64_t word) {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  const std::uint64_t low = word & 0x7f * kOnes;
  const std::uint64_t from_a = low + (0x80 - 'A') * kOnes;
  const std::uint64_t after_z = low + (0x7f - 'Z') * kOnes;
  const std::uint64_t upper = from_a & ~after_z & ~word & 0x80 * kOnes;
  return word | upper >> 2;
}

struct FoldedName {
  std::uint64_t head = 0, middle = 0,
                tail = 0;  // the first 8 bytes, bytes 8-15, the last 8; zero where not needed
  std::uint64_t size = 0;

  friend bool operator==(const FoldedName&, const FoldedName&) = default;

  constexpr std::size_t hash() const {
    const std::uint64_t mixed = (head ^ size) * 0x9e3779b97f4a7c15 + (middle ^ tail) * 0xc2b2ae3d27d4eb4f;
    return static_cast<std::size_t>(mixed >> 54);
  }
};

// REQUIRES: 0 < name.size() <= kMaxName.
constexpr FoldedName fold_name(std::string_view name) {
  const char* p = name.data();
  const std::size_t size = name.size();
  if (size < 8) return {.head = fold(load_short(p, size)), .size = size};
  return {.head = fold(load64(p)),
          .middle = size > 16 ? fold(load64(p + 8)) : 0,
          .tail = fold(load64(p + size - 8)),
          .size = size};
}

// ---- the index: open addressing, a quarter full, built by the compiler ----

class CommandIndex {
 public:
  explicit constexpr CommandIndex(std::span<const CommandRow> rows) {
    for (std::size_t row = 0; row < rows.size(); ++row) {
      names_[row] = fold_name(rows[row].name);
      std::size_t place = names_[row].hash();
      while (places_[place] != kEmpty) place = (place + 1) % kPlaces;
      places_[place] = static_cast<std::uint16_t>(row);
    }
  }

  const CommandRow* find(std::string_view name) const {
    if (name.empty() || name.size() > kMaxName) return nullptr;
    const FoldedName wanted = fold_name(name);
    for (std::size_t place = wanted.hash(); places_[place] != kEmpty; place = (place + 1) % kPlaces) {
      if (names_[places_[place]] == wanted) return &kRows[places_[place]];
    }
    return nullptr;
  }

 private:
  static constexpr std::size_t kPlaces = 1024;  // FoldedName::hash() gives 10 bits
  static constexpr std::uint16_t kEmpty = 0xffff;
  static constexpr std::array<std::uint16_t, kPlaces> empty_places() {
    std::array<std::uint16_t, kPlaces> places{};
    places.fill(kEmpty);
    return places;
  }

  std::array<std::uint16_t, kPlaces> places_ = empty_places();
  std::array<FoldedName, std::size(kRows)> names_{};
};

static_assert(std::size(kRows) * 2 <= 1024, "the index of commands is to be made larger");
static_assert(std::ranges::all_of(kRows, [](const CommandRow& row) { return row.name.size() <= kMaxName; }));
static_assert(std::ranges::is_sorted(kRows, {}, &CommandRow::name));

constexpr CommandIndex kIndex{kRows};

}  // namespace

std::string_view family_name(Family family) {
  constexpr std::array<std::string_view, static_cast<std::size_t>(Family::count_)> kNames = {
      "string",      "hash",   "list",    "set",       "sorted_set", "stream",     "geo",
      "hyperloglog", "bitmap", "generic", "scripting", "pubsub",     "connection", "server"};
  return kNames[static_cast<std::size_t>(family)];
}

std::span<const CommandRow> command_rows() { return kRows; }

const CommandRow* find_command(std::string_view name) { return kIndex.find(name); }

const CommandRow* find_subcommand(const CommandRow& container, std::string_view sub) {
  const std::size_t prefix = container.name.size() + 1;  // "config|"
  for (const CommandRow& row : container.subcommands) {
    if (equal_ignore_case(row.name.substr(prefix), sub)) return &row;
  }
  return nullptr;
}

}  // namespace slotway::protocol
