#include "config/config_loader.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "config/config_options.hpp"
#include "config/config_validator.hpp"
#include "config/entry.hpp"
#include "config/flag_source.hpp"
#include "config/secret_file.hpp"
#include "config/tls_files.hpp"
#include "config/yaml_source.hpp"

namespace slotway::config {
namespace {

// Where settings land: the top level, or an entry of `upstreams` or another list.
class Ground {
 public:
  Ground() = default;
  Ground(Config view, std::string prefix) : config(std::move(view)), prefix_(std::move(prefix)) {}

  Config config;  // of an entry, its view
  Origins origins;
  std::vector<Problem> problems;
  std::vector<std::string> secret_files;  // that were read, or could not be

  // As the file has it.
  std::string shown(const Option& option) const {
    return prefix_.empty() ? std::string(option.path) : prefix_ + std::string(entry_key(option));
  }

  // `others`: what the same source says here.
  void take(const Setting& setting, const std::vector<Setting>& others) {
    complain_if_excluded(setting, others);
    apply(setting);
  }

  void read_secrets(OptionScope scope) {
    UpstreamConfig& upstream = config.upstream;
    if (scope == OptionScope::upstream) {
      read_secret("upstream.password_file", upstream.password_file, "upstream.password", upstream.password);
      read_secret("upstream.sentinel_password_file", upstream.sentinel_password_file,
                  "upstream.sentinel_password", upstream.sentinel_password);
    } else {
      read_secret("requirepass_file", config.client.requirepass_file, "requirepass",
                  config.client.requirepass);
      read_users();
      read_tls();
    }
  }

 private:
  // Two ways to give one password contradict each other if they stand side by side; across sources the higher
  // wins.
  void complain_if_excluded(const Setting& setting, const std::vector<Setting>& others) {
    const auto other = std::find_if(others.begin(), others.end(), [&](const Setting& candidate) {
      return candidate.option->path == setting.option->excludes;
    });
    if (other == others.end() || setting.option->is_secret) return;
    const bool in_file = setting.origin.source == Source::file;
    const std::string name = in_file ? shown(*other->option) : other->origin.name;
    problems.push_back(
        {setting.origin, shown(*setting.option), {"is set together with " + name, "keep one of the two"}});
  }

  void apply(const Setting& setting) {
    const Option& option = *setting.option;
    Config changed = config;
    if (option.is_list) option.clear(changed);
    bool is_good = true;
    for (std::size_t i = 0; i < setting.pieces.size(); ++i) {
      const Setting::Piece& piece = setting.pieces[i];
      if (auto complaint = option.set(piece.text, changed)) {
        Origin where = setting.origin;
        if (piece.line > 0) where.line = piece.line;
        const std::string item = option.is_list ? "[" + std::to_string(i) + "]" : "";
        problems.push_back({std::move(where), shown(option) + item, std::move(*complaint)});
        is_good = false;
      }
    }
    if (!is_good) {
      origins.mark_broken(option.path);
      return;
    }
    config = std::move(changed);
    origins.set(option.path, setting.origin);
    if (option.excludes.empty()) return;
    find_option(option.excludes)->clear(config);
    origins.reset(option.excludes);
  }

  void read_secret(std::string_view path, const std::string& file, std::string_view secret_path,
                   std::string& secret) {
    if (file.empty()) return;
    // A listener has read that of the top level already.
    if (!prefix_.empty() && origins.of(path).source == Source::defaults) return;
    secret_files.push_back(file);
    auto read = read_secret_file(file);
    if (auto* complaint = std::get_if<Complaint>(&read)) {
      problems.push_back({origins.of(path), shown(*find_option(path)), std::move(*complaint)});
      origins.mark_broken(path);
      return;
    }
    secret = std::move(std::get<std::string>(read));
    origins.set(secret_path, {Source::file, file, 0});
  }

  void read_users() {
    if (!prefix_.empty() && origins.of("users").source == Source::defaults) return;
    for (std::size_t i = 0; i < config.client.users.size(); ++i) {
      ClientUser& user = config.client.users[i];
      secret_files.push_back(user.password_file);
      auto read = read_secret_file(user.password_file);
      if (auto* complaint = std::get_if<Complaint>(&read)) {
        problems.push_back({origins.of("users"), shown(*find_option("users")) + "[" + std::to_string(i) + "]",
                            std::move(*complaint)});
      } else {
        user.password = std::move(std::get<std::string>(read));
      }
    }
  }

  // A listener has read those of the top level already, if it has none of its own.
  void read_tls() {
    TlsConfig& tls = config.client.tls;
    bool is_good = true;
    for (const auto& [path, file, text] : {std::tuple("tls_cert_file", &tls.cert_file, &tls.cert),
                                           std::tuple("tls_key_file", &tls.key_file, &tls.key),
                                           std::tuple("tls_ca_file", &tls.ca_file, &tls.ca)}) {
      is_good = is_good && !origins.is_broken(path);
      if (file->empty() || (!prefix_.empty() && origins.of(path).source == Source::defaults)) continue;
      secret_files.push_back(*file);
      auto read = read_pem_file(*file);
      if (auto* complaint = std::get_if<Complaint>(&read)) {
        blame(path, std::move(*complaint));
        is_good = false;
      } else {
        *text = std::move(std::get<std::string>(read));
      }
    }
    if (tls.cert_file.empty() != tls.key_file.empty() || (!tls.ca_file.empty() && tls.cert_file.empty())) {
      const char* missing = tls.cert_file.empty() ? "tls_cert_file" : "tls_key_file";
      const char* set = !tls.ca_file.empty()    ? "tls_ca_file"
                        : tls.cert_file.empty() ? "tls_key_file"
                                                : "tls_cert_file";
      if (is_good)
        blame(set, {"is set without " + shown(*find_option(missing)),
                    "set " + shown(*find_option(missing)) + " too"});
    } else if (is_good && tls.is_on()) {
      if (auto found = check_tls(tls)) blame(found->option, std::move(found->complaint));
    }
  }

  void blame(std::string_view path, Complaint complaint) {
    if (!prefix_.empty() && origins.of(path).source == Source::defaults) return;  // told at the top level
    problems.push_back({origins.of(path), shown(*find_option(path)), std::move(complaint)});
    origins.mark_broken(path);
  }

  std::string prefix_;
};

// Puts the sources over each other, the lowest precedence first.
class Layers {
 public:
  // Nobody knows what an unreadable file would have set: no complaint about what seems to be missing.
  void read_file(const std::string& path) {
    SourceResult file = read_yaml_file(path);
    if (!file.is_readable) {
      for (const Option& option : options()) top_.origins.mark_broken(option.path);
    }
    files_.push_back(path);
    add(file);
    entries_ = std::move(file.entries);
  }

  void add(const SourceResult& source) {
    problems_.insert(problems_.end(), source.problems.begin(), source.problems.end());
    for (const Problem& problem : source.problems) mark_broken(problem.path);
    for (const Setting& setting : source.settings) top_.take(setting, source.settings);
  }

  // When all sources were added.
  void finish() {
    top_.read_secrets(OptionScope::upstream);
    top_.read_secrets(OptionScope::listener);
    const bool has_listeners = std::any_of(entries_.begin(), entries_.end(), [](const EntrySettings& entry) {
      return entry.kind == EntryKind::listener;
    });
    if (has_listeners && top_.origins.of("listen").source == Source::defaults)
      top_.config.client.listen.clear();
    const Config base = top_.config;
    for (const EntrySettings& entry : entries_) add_entry(entry, base);
    collect(top_);

    std::vector<Problem> found = validate(top_.config, top_.origins, loaded_);
    std::move(found.begin(), found.end(), std::back_inserter(problems_));
  }

  const Config& config() const { return top_.config; }
  const Origins& origins() const { return top_.origins; }
  const std::vector<LoadedEntry>& entries() const { return loaded_; }
  const std::vector<std::string>& files() const { return files_; }

  std::vector<Problem> sorted_problems() const {
    std::vector<Problem> problems = problems_;
    sort_problems(problems);
    return problems;
  }

 private:
  // `path` may name an item, "upstream.seeds[1]", or a whole section that could not be read.
  void mark_broken(const std::string& path) {
    const std::string_view whole = std::string_view(path).substr(0, path.find('['));
    for (const Option& option : options()) {
      const bool is_inside =
          option.path.starts_with(whole) && option.path.substr(whole.size()).starts_with('.');
      if (!whole.empty() && (option.path == whole || is_inside)) top_.origins.mark_broken(option.path);
    }
  }

  void add_entry(const EntrySettings& entry, const Config& base) {
    Ground ground(view_of_new(entry.kind, base), entry.path + ".");
    for (const Setting& setting : entry.settings) ground.take(setting, entry.settings);
    if (entry.kind == EntryKind::upstream) ground.read_secrets(OptionScope::upstream);
    if (entry.kind == EntryKind::listener) ground.read_secrets(OptionScope::listener);
    collect(ground);
    const std::size_t index = entry_count(entry.kind, top_.config);
    put_entry(entry.kind, ground.config, index, top_.config);
    if (entry.kind == EntryKind::upstream) top_.config.upstreams[index].name = entry.name;
    // A key that could not be read is a problem already, and what it would have said is not known.
    for (const Problem& problem : problems_) {
      for (const Option* option : entry_options(entry.kind)) {
        if (problem.path.substr(0, problem.path.find('[', entry.path.size())) == ground.shown(*option))
          ground.origins.mark_broken(option->path);
      }
    }
    loaded_.push_back({entry.kind, index, entry.path, entry.origin, std::move(ground.origins)});
  }

  void collect(Ground& ground) {
    std::move(ground.problems.begin(), ground.problems.end(), std::back_inserter(problems_));
    files_.insert(files_.end(), ground.secret_files.begin(), ground.secret_files.end());
  }

  Ground top_;
  std::vector<EntrySettings> entries_;
  std::vector<LoadedEntry> loaded_;
  std::vector<Problem> problems_;
  std::vector<std::string> files_;
};

void describe(std::string& out, const std::string& path, const std::string& value,
              const std::string& origin) {
  out += "  " + path + ": " + printable(value, value.size());
  out += origin.empty() ? "  # default\n" : "  # " + printable(origin) + "\n";
}

// The whole configuration, each option with where its value came from, and of the entries what they say
// themselves; a password shows only whether it is set.
std::string describe(const Config& config, const Origins& origins, const std::vector<LoadedEntry>& entries) {
  std::string out = "slotway: the configuration is valid\n";
  for (const Option& option : options())
    describe(out, std::string(option.path), option.print(config), origins.of(option.path).label());
  for (const LoadedEntry& entry : entries) {
    const Config view = view_of(entry.kind, config, entry.index);
    for (const Option* option : entry_options(entry.kind)) {
      const std::string origin = entry.origins.of(option->path).label();
      if (!origin.empty())
        describe(out, entry.path + "." + std::string(entry_key(*option)), option->print(view), origin);
    }
  }
  return out;
}

// --health asks at one address. What is not set here, such as the seeds, the process that is asked may have
// as a flag, and a file of secrets may be what it waits for: only what somebody wrote can be wrong.
void judge_for_health(const Config& config, const Origins& origins, std::vector<Problem>& problems) {
  std::erase_if(problems, [](const Problem& problem) {
    return problem.origin.source == Source::defaults || problem.complaint.is_missing_file;
  });
  if (origins.is_broken("admin")) return;
  if (!config.admin)
    problems.push_back({origins.of("admin"),
                        "admin",
                        {"is off, and --health asks there", "write ADDR:PORT, such as 127.0.0.1:9380"}});
  else if (config.admin->port == 0)
    problems.push_back({origins.of("admin"),
                        "admin",
                        {"has port 0, any that is free, and --health must know it", "write a port"}});
  sort_problems(problems);
}

}  // namespace

LoadResult load(int argc, const char* const* argv, const Environment& environment, std::string_view version) {
  FlagResult flags = read_flags(argc, argv, version);
  if (flags.print_and_exit) return {std::nullopt, {}, {}, std::move(flags.print_and_exit)};
  const EnvironmentResult variables = read_environment(environment);

  Layers layers;
  const auto& file = flags.config_file ? flags.config_file : variables.config_file;
  if (file) layers.read_file(*file);
  layers.add(variables.source);
  layers.add(flags.source);
  layers.finish();

  LoadResult result;
  result.asks_health = flags.health;
  result.problems = layers.sorted_problems();
  if (flags.health) judge_for_health(layers.config(), layers.origins(), result.problems);
  result.files = layers.files();
  if (!result.problems.empty()) {
    const bool may_wait = layers.config().wait_for_secrets && !flags.check_config;
    const bool all_missing =
        std::all_of(result.problems.begin(), result.problems.end(),
                    [](const Problem& problem) { return problem.complaint.is_missing_file; });
    if (may_wait && all_missing) result.incomplete = layers.config();
    return result;
  }
  if (flags.check_config) {
    result.print_and_exit = describe(layers.config(), layers.origins(), layers.entries());
  } else {
    result.config = layers.config();
  }
  return result;
}

}  // namespace slotway::config
