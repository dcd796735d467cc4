#include "protocol/command_keys.hpp"

#include <algorithm>
#include <optional>

#include "protocol/ascii_case.hpp"
#include "protocol/decimal.hpp"

namespace slotway::protocol {
namespace {

constexpr std::int64_t kAbsent = -1;

std::int64_t count_of(const RequestView& request) { return static_cast<std::int64_t>(request.argc()); }
std::string_view argument(const RequestView& request, std::int64_t i) {
  return request.arg(static_cast<std::size_t>(i));
}

// The number of arguments that belong to the option `word`.
std::int64_t skipped_after(const KeySpec& spec, std::string_view word) {
  const auto skip = std::ranges::find_if(
      spec.skips, [word](const OptionSkip& option) { return equal_ignore_case(option.word, word); });
  return skip == spec.skips.end() ? 0 : skip->arguments;
}

// The argument behind the keyword. A keyword that is the last argument has no key behind it: it counts as
// absent.
std::int64_t find_after_keyword(const KeySpec& spec, const RequestView& request) {
  const std::int64_t argc = count_of(request);
  if (spec.begin_at < 0) {
    for (std::int64_t i = std::min(argc + spec.begin_at, argc - 2); i >= 1; --i) {
      if (equal_ignore_case(argument(request, i), spec.keyword)) return i + 1;
    }
    return kAbsent;
  }
  std::int64_t found = kAbsent;
  for (std::int64_t i = spec.begin_at; i < argc - 1; ++i) {
    const std::string_view word = argument(request, i);
    if (equal_ignore_case(word, spec.keyword)) {
      found = i + 1;
      if (spec.begin == KeySpec::Begin::keyword) break;
    } else {
      i += skipped_after(spec, word);
    }
  }
  return found;
}

// The keys of one spec: arguments first, first + step, ... up to and including last.
struct KeyRange {
  std::int64_t first;
  std::int64_t last;
};

KeyRange plain_range(const KeySpec& spec, std::int64_t begin, std::int64_t argc) {
  if (spec.last >= 0) return {begin, begin + spec.last};
  if (spec.limit == 0) return {begin, argc + spec.last};
  return {begin, begin + (argc - begin) / spec.limit - 1};
}

// A number above argc gives a range beyond argc, which is no range either; nullopt = no such number.
std::optional<KeyRange> counted_range(const KeySpec& spec, std::int64_t begin, const RequestView& request) {
  const std::int64_t argc = count_of(request);
  if (begin + spec.keynum_at >= argc) return std::nullopt;
  const std::optional<std::int64_t> count = parse_decimal(argument(request, begin + spec.keynum_at));
  if (!count || *count < 0) return std::nullopt;
  const std::int64_t first = begin + spec.first;
  return KeyRange{first, first + (std::min(*count, argc) - 1) * spec.step};
}

KeyError append_keys(const CommandRow& row, const KeySpec& spec, const RequestView& request,
                     std::vector<std::uint32_t>& out) {
  // Where the spec begins.
  if (spec.begin == KeySpec::Begin::unknown || spec.find == KeySpec::Find::unknown) return KeyError::invalid;
  const bool at_index = spec.begin == KeySpec::Begin::index;
  const std::int64_t begin = at_index ? spec.begin_at : find_after_keyword(spec, request);
  if (begin == kAbsent) return KeyError::none;

  // Which arguments are its keys.
  const std::int64_t argc = count_of(request);
  const bool counted = spec.find == KeySpec::Find::keynum;
  const std::optional<KeyRange> range =
      counted ? counted_range(spec, begin, request) : plain_range(spec, begin, argc);
  if (!range) return KeyError::invalid;
  if (range->last < range->first) {  // PFMERGE's sources may be none, and EVAL's keys
    return counted && !row.has(kNoMandatoryKeys) ? KeyError::invalid : KeyError::none;
  }
  if (range->last >= argc) return KeyError::invalid;

  for (std::int64_t i = range->first; i <= range->last; i += spec.step) {
    out.push_back(static_cast<std::uint32_t>(i));
  }
  return KeyError::none;
}

}  // namespace

KeyError find_keys(const CommandRow& row, const RequestView& request, std::vector<std::uint32_t>& out) {
  out.clear();
  for (const KeySpec& spec : row.keys) {
    const KeyError error = append_keys(row, spec, request, out);
    if (error == KeyError::none) continue;
    out.clear();
    return error;
  }
  return KeyError::none;
}

}  // namespace slotway::protocol
