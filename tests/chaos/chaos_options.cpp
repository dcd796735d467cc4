#include "tests/chaos/chaos_options.hpp"

#include <charconv>
#include <random>
#include <stdexcept>

namespace slotway::chaos {
namespace {

constexpr std::chrono::seconds kShortDuration(6);

int number_of(const std::string& option, const std::string& text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 1) {
    throw std::invalid_argument(option + " needs a number of 1 or more, not '" + text + "'");
  }
  return number;
}

void add_faults(ChaosOptions& options, bool only_short) {
  for (const Fault& fault : all_faults()) {
    if (!only_short || fault.in_short) options.faults.push_back(&fault);
  }
}

void take_flag(ChaosOptions& options, const std::string& option) {
  if (option == "--list") {
    options.lists = true;
  } else if (option == "--markdown") {
    options.as_markdown = true;
  } else if (option == "--all") {
    add_faults(options, false);
  } else if (option == "--short") {
    add_faults(options, true);
    options.run.duration = kShortDuration;
  } else {
    throw std::invalid_argument("unknown option " + option);
  }
}

void take_value(ChaosOptions& options, const std::string& option, const std::string& value) {
  if (option == "--slotway") {
    options.slotway = value;
  } else if (option == "--fault") {
    const Fault* fault = find_fault(value);
    if (fault == nullptr) throw std::invalid_argument("no fault is named '" + value + "'; --list names them");
    options.faults.push_back(fault);
  } else if (option == "--clients") {
    options.run.clients = static_cast<unsigned>(number_of(option, value));
  } else if (option == "--seconds") {
    options.run.duration = std::chrono::seconds(number_of(option, value));
  } else if (option == "--seed") {
    options.run.seed = static_cast<std::uint32_t>(number_of(option, value));
  } else {
    options.soak = std::chrono::minutes(number_of(option, value));
  }
}

bool has_value(const std::string& option) {
  return option == "--slotway" || option == "--fault" || option == "--clients" || option == "--seconds" ||
         option == "--seed" || option == "--soak";
}

}  // namespace

ChaosOptions parse_options(const std::vector<std::string>& arguments) {
  ChaosOptions options;
  options.run.seed = std::random_device{}() >> 1;  // as number_of can read it
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (!has_value(arguments[i])) {
      take_flag(options, arguments[i]);
    } else if (i + 1 == arguments.size()) {
      throw std::invalid_argument(arguments[i] + " needs a value");
    } else {
      take_value(options, arguments[i], arguments[i + 1]);
      ++i;
    }
  }
  if (options.lists) return options;
  if (options.slotway.empty()) throw std::invalid_argument("--slotway is missing");
  if (options.faults.empty() == (options.soak.count() == 0)) {
    throw std::invalid_argument("say either which faults, or --soak");
  }
  return options;
}

}  // namespace slotway::chaos
