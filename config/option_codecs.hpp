// How the value of an option is read, printed, compared and copied: a codec for each type of value, made for
// the member of Config that a chain of member pointers leads to. Owner: static data. Thread: any. Invariant:
// what print() gives of a value that set() took is taken again, and is the same, but for secrets.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "config/config.hpp"
#include "config/problem.hpp"
#include "config/units.hpp"

namespace slotway::config {

using MaybeComplaint = std::optional<Complaint>;

// The member that a chain of member pointers leads to.
template <auto... Members, class Root>
auto& member(Root& config) {
  return (config.*....*Members);
}

struct Codec {
  MaybeComplaint (*set)(std::string_view, Config&);
  std::string (*print)(const Config&);
  bool (*same)(const Config&, const Config&);
  void (*copy)(const Config&, Config&);
};

template <auto... Members>
constexpr Codec codec(MaybeComplaint (*set)(std::string_view, Config&), std::string (*print)(const Config&)) {
  return {set, print,
          [](const Config& left, const Config& right) {
            return member<Members...>(left) == member<Members...>(right);
          },
          [](const Config& from, Config& to) { member<Members...>(to) = member<Members...>(from); }};
}

template <auto... Members>
MaybeComplaint set_count(std::string_view text, Config& config) {
  auto& target = member<Members...>(config);
  using Target = std::remove_reference_t<decltype(target)>;
  const auto parsed = parse_count(text);
  if (const auto* complaint = std::get_if<Complaint>(&parsed)) return *complaint;
  const std::uint64_t value = std::get<std::uint64_t>(parsed);
  if (value > static_cast<std::uint64_t>(std::numeric_limits<Target>::max())) {
    return Complaint{quoted(text) + " is too large", "write a smaller number"};
  }
  target = static_cast<Target>(value);
  return std::nullopt;
}

template <auto... Members>
constexpr Codec kCount = codec<Members...>(&set_count<Members...>, [](const Config& config) {
  return std::to_string(member<Members...>(config));
});

template <auto... Members>
MaybeComplaint set_size(std::string_view text, Config& config) {
  const auto parsed = parse_size(text);
  if (const auto* complaint = std::get_if<Complaint>(&parsed)) return *complaint;
  member<Members...>(config) = std::get<std::uint64_t>(parsed);
  return std::nullopt;
}

template <auto... Members>
constexpr Codec kSize = codec<Members...>(&set_size<Members...>, [](const Config& config) {
  return print_size(member<Members...>(config));
});

template <auto... Members>
MaybeComplaint set_duration(std::string_view text, Config& config) {
  const auto parsed = parse_duration(text);
  if (const auto* complaint = std::get_if<Complaint>(&parsed)) return *complaint;
  member<Members...>(config) = std::get<milliseconds>(parsed);
  return std::nullopt;
}

template <auto... Members>
constexpr Codec kDuration = codec<Members...>(&set_duration<Members...>, [](const Config& config) {
  return print_duration(member<Members...>(config));
});

template <auto... Members>
MaybeComplaint set_text(std::string_view text, Config& config) {
  member<Members...>(config) = text;
  return std::nullopt;
}

template <auto... Members>
constexpr Codec kText = codec<Members...>(&set_text<Members...>, [](const Config& config) {
  const std::string& value = member<Members...>(config);
  return value.empty() ? std::string("(not set)") : value;
});

// A password, or the file that holds one. Empty is refused: `SLOTWAY_REQUIREPASS=`, an unset variable behind
// it, would else take the place of the password in a file, and open the proxy to everybody.
template <auto... Members>
MaybeComplaint set_unless_empty(std::string_view text, Config& config) {
  if (text.empty()) return Complaint{"is empty", "write a value, or leave it out altogether"};
  return set_text<Members...>(text, config);
}

template <auto... Members>
constexpr Codec kSecret = codec<Members...>(&set_unless_empty<Members...>, [](const Config& config) {
  return std::string(member<Members...>(config).empty() ? "(not set)" : "(set)");
});

template <auto... Members>
constexpr Codec kSecretFile = codec<Members...>(&set_unless_empty<Members...>, kText<Members...>.print);

// A word of a fixed few.
template <class Enum>
struct Word {
  std::string_view word;
  Enum value;
};
template <class Enum>
Word(std::string_view, Enum) -> Word<Enum>;

template <const auto& Words, auto... Members>
MaybeComplaint set_word(std::string_view text, Config& config) {
  std::string known;
  for (const auto& [word, value] : Words) {
    if (word == text) {
      member<Members...>(config) = value;
      return std::nullopt;
    }
    known += (known.empty() ? "" : ", ") + std::string(word);
  }
  return Complaint{quoted(text) + " is not one of the words known here", "write one of: " + known};
}

template <const auto& Words, auto... Members>
std::string print_word(const Config& config) {
  for (const auto& [word, value] : Words) {
    if (value == member<Members...>(config)) return std::string(word);
  }
  return {};
}

template <const auto& Words, auto... Members>
constexpr Codec kWord = codec<Members...>(&set_word<Words, Members...>, &print_word<Words, Members...>);

}  // namespace slotway::config
