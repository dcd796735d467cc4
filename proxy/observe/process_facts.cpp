#include "proxy/observe/process_facts.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <string>
#include <system_error>
#include <vector>

namespace slotway::proxy {
namespace {

std::string read_file(const char* path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::vector<std::string_view> split_words(std::string_view text) {
  constexpr std::string_view kBlank = " \n";
  std::vector<std::string_view> words;
  for (std::size_t begin = text.find_first_not_of(kBlank); begin != std::string_view::npos;) {
    const std::size_t end = std::min(text.find_first_of(kBlank, begin), text.size());
    words.push_back(text.substr(begin, end - begin));
    begin = text.find_first_not_of(kBlank, end);
  }
  return words;
}

std::uint64_t count_open_fds() {
  std::error_code ec;
  std::uint64_t count = 0;
  for (std::filesystem::directory_iterator it("/proc/self/fd", ec), end; !ec && it != end; it.increment(ec))
    ++count;
  return count == 0 ? 0 : count - 1;  // one of them is the directory being read
}

double soft_fd_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  return limit.rlim_cur == RLIM_INFINITY ? std::numeric_limits<double>::infinity()
                                         : static_cast<double>(limit.rlim_cur);
}

}  // namespace

std::optional<ProcessFacts> parse_process_stat(std::string_view stat, const KernelUnits& units) {
  // The second field is the program's name in parentheses and may itself contain blanks and parentheses.
  const std::size_t name_end = stat.rfind(')');
  if (name_end == std::string_view::npos) return std::nullopt;
  const auto words = split_words(stat.substr(name_end + 1));

  // Fields are numbered from 1 in proc(5); words[0] is field 3.
  const auto field = [&words](std::size_t number) -> std::optional<std::uint64_t> {
    return number - 3 < words.size() ? parse_number(words[number - 3]) : std::nullopt;
  };
  const auto user = field(14), system = field(15), start = field(22), virtual_size = field(23),
             resident = field(24);
  if (!user || !system || !start || !virtual_size || !resident) return std::nullopt;

  ProcessFacts facts;
  facts.cpu_seconds = static_cast<double>(*user + *system) / units.ticks_per_second;
  facts.start_time_seconds = units.boot_time_seconds + static_cast<double>(*start) / units.ticks_per_second;
  facts.virtual_bytes = *virtual_size;
  facts.resident_bytes = *resident * units.page_bytes;
  return facts;
}

std::optional<double> parse_boot_time(std::string_view stat) {
  constexpr std::string_view kKey = "btime ";
  for (std::size_t line = 0; line < stat.size();) {
    const std::size_t end = std::min(stat.find('\n', line), stat.size());
    const std::string_view text = stat.substr(line, end - line);
    if (text.starts_with(kKey)) {
      const auto seconds = parse_number(text.substr(kKey.size()));
      return seconds ? std::optional(static_cast<double>(*seconds)) : std::nullopt;
    }
    line = end + 1;
  }
  return std::nullopt;
}

std::optional<ProcessFacts> read_process_facts() {
  // The machine's start does not change; /proc/stat is long and is read once.
  static const double kBootTime = parse_boot_time(read_file("/proc/stat")).value_or(0);
  const KernelUnits units{.ticks_per_second = static_cast<double>(sysconf(_SC_CLK_TCK)),
                          .page_bytes = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)),
                          .boot_time_seconds = kBootTime};
  auto facts = parse_process_stat(read_file("/proc/self/stat"), units);
  if (facts) {
    facts->open_fds = count_open_fds();
    facts->max_fds = soft_fd_limit();
  }
  return facts;
}

}  // namespace slotway::proxy
