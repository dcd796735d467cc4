#include "config/flag_source.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <utility>
#include <vector>

#include "config/nearest_name.hpp"

namespace slotway::config {
namespace {

using Arguments = std::vector<std::string>;

constexpr const char* kAbout =
    "Slotway makes a Redis Cluster, or a primary that sentinels watch, look like one Redis server on one "
    "port.";

constexpr const char* kFooter = R"(
Each option can also stand in the file of --config, and in an environment variable:
--limits-max-clients is limits.max_clients in the file, and SLOTWAY_LIMITS_MAX_CLIENTS; --upstream is
upstream.seeds, and SLOTWAY_UPSTREAM. Flags win over variables, variables over the file, the file over
the defaults. A list's items are separated by commas. SIZE is bytes, or a number with k, kb, m, mb, g
or gb; TIME is a number with ms, s, m or h.

No flag takes a password: every user of the machine can read a command line, with ps for instance.
Put it into a file (--upstream-password-file, --requirepass-file), into the configuration file, or
into SLOTWAY_UPSTREAM_PASSWORD and SLOTWAY_REQUIREPASS.)";

Complaint refuse_secret(const Option& option) {
  const std::string file = flag_name(*find_option(option.excludes));
  return {"a password does not belong on the command line, where every user can read it",
          "use " + file + " or " + environment_name(option)};
}

Complaint lacks_value(const std::string& flag) {
  for (const Option& option : options()) {
    if (option.is_secret && flag_name(option) == flag) return refuse_secret(option);
  }
  return {"has no value", "write one behind it"};
}

// The parser of the command line, made from the table of options.
class CommandLine {
 public:
  explicit CommandLine(std::string_view version) {
    app_.allow_extras();
    app_.get_formatter()->column_width(52);
    app_.set_help_flag("-h,--help", "print this text and exit");
    app_.set_version_flag("--version", "slotway " + std::string(version), "print the version and exit");
    config_ = add("--config", "FILE", "read options from this YAML file");
    app_.add_flag("--check-config", check_config_, "check the configuration, print it, and exit");
    app_.add_flag(
        "--health", health_,
        "ask the Slotway that runs with this configuration for /healthz, and exit: 0 if it is healthy");
    app_.footer(kFooter);
    for (const Option& option : options()) added_.emplace_back(&option, add(option));
  }

  // Throws CLI::ParseError.
  void parse(Arguments arguments) {
    std::reverse(arguments.begin(), arguments.end());
    app_.parse(std::move(arguments));
  }

  std::string help() const { return app_.help(); }

  // What the last parse found.
  void collect(FlagResult& result) const {
    result.check_config = check_config_;
    result.health = health_;
    if (const auto& files = config_->results(); !files.empty()) result.config_file = files.front();
    complain_if_repeated("--config", config_, result);
    for (const auto& [option, flag] : added_) collect_option(*option, *flag, result);
    collect_unknown(result);
  }

 private:
  CLI::Option* add(const std::string& name, std::string_view metavar, const std::string& help) {
    CLI::Option* flag = app_.add_option(name, CLI::callback_t{}, help);
    return flag->type_name(std::string(metavar))->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  }

  CLI::Option* add(const Option& option) {
    std::string help(option.help);
    const std::string initial = option.print(Config{});
    if (initial != "(not set)") help += " (default " + initial + ")";
    CLI::Option* flag = add(flag_name(option), option.metavar, help);
    const std::size_t dot = option.path.find('.');
    if (dot != std::string_view::npos && !option.is_list)
      flag->group("Options of " + std::string(option.path.substr(0, dot)));
    if (option.is_secret)
      flag->group("");  // hidden: it exists only so that its value is not taken for anything else
    return flag;
  }

  static void complain_if_repeated(const std::string& name, const CLI::Option* flag, FlagResult& result) {
    if (flag->results().size() < 2) return;
    result.source.problems.push_back(
        {{Source::flag, name, 0}, "", {"is given more than once", "keep one of them"}});
  }

  static void collect_option(const Option& option, const CLI::Option& flag, FlagResult& result) {
    if (flag.results().empty()) return;
    const Origin origin{Source::flag, flag_name(option), 0};
    if (option.is_secret) {
      result.source.problems.push_back({origin, "", refuse_secret(option)});
      return;
    }
    complain_if_repeated(origin.name, &flag, result);
    result.source.settings.push_back({&option, origin, split_pieces(option, flag.results().front())});
  }

  // Without what may be a value: "--flag=value", "-fvalue".
  static std::string name_of(const std::string& argument) {
    return argument.starts_with("--") ? argument.substr(0, argument.find('=')) : argument.substr(0, 2);
  }

  void collect_unknown(FlagResult& result) const {
    bool follows_flag = false;
    for (const std::string& argument : app_.remaining()) {
      const bool is_flag = argument.size() > 1 && argument.front() == '-';
      // What follows an unknown flag is taken for its value; it may be a password, so it is not shown.
      if (is_flag) {
        const std::string name = name_of(argument);
        result.source.problems.push_back({{Source::flag, printable(name), 0}, "", unknown_flag(name)});
      } else if (!follows_flag) {
        result.source.problems.push_back(
            {{Source::flag, "command line", 0},
             "",
             {"there is an argument that no flag asks for", "put a flag such as --upstream in front of it"}});
      }
      follows_flag = is_flag;
    }
  }

  Complaint unknown_flag(const std::string& name) const {
    std::vector<std::string> known{"--config", "--check-config", "--health", "--help", "--version"};
    for (const Option& option : options()) {
      if (!option.is_secret) known.push_back(flag_name(option));
    }
    const std::string near = nearest_name(name, known);
    return {"is not a known flag",
            near.empty() ? "see --help for the flags that exist" : "did you mean " + near + "?"};
  }

  CLI::App app_{kAbout, "slotway"};
  CLI::Option* config_ = nullptr;
  bool check_config_ = false;
  bool health_ = false;
  std::vector<std::pair<const Option*, CLI::Option*>> added_;
};

}  // namespace

FlagResult read_flags(int argc, const char* const* argv, std::string_view version) {
  FlagResult result;
  Arguments arguments(argv + std::min(argc, 1), argv + argc);
  while (true) {
    CommandLine line(version);
    try {
      line.parse(arguments);
      line.collect(result);
      return result;
    } catch (const CLI::CallForHelp&) {
      result.print_and_exit = line.help();
      return result;
    } catch (const CLI::CallForVersion& call) {
      result.print_and_exit = std::string(call.what()) + "\n";
      return result;
    } catch (const CLI::ArgumentMismatch&) {
      // Only the last argument can lack its value. It is reported, and the others are read without it.
      if (arguments.empty()) return result;
      result.source.problems.push_back(
          {{Source::flag, arguments.back(), 0}, "", lacks_value(arguments.back())});
      arguments.pop_back();
    } catch (const CLI::ParseError&) {
      result.source.problems.push_back(
          {{Source::flag, "command line", 0}, "", {"cannot be read", "see --help for the flags that exist"}});
      return result;
    }
  }
}

}  // namespace slotway::config
