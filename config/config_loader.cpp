#include "config/config_loader.hpp"

#include <algorithm>
#include <utility>

#include "config/config_options.hpp"
#include "config/config_validator.hpp"
#include "config/flag_source.hpp"
#include "config/secret_file.hpp"
#include "config/yaml_source.hpp"

namespace slotway::config {
namespace {

// Puts the sources over each other, the lowest precedence first.
class Layers {
 public:
  // Nobody knows what an unreadable file would have set: no complaint about what seems to be missing.
  void read_file(const std::string& path) {
    const SourceResult file = read_yaml_file(path);
    if (!file.is_readable) {
      for (const Option& option : options()) origins_.mark_broken(option.path);
    }
    files_.push_back(path);
    add(file);
  }

  void add(const SourceResult& source) {
    problems_.insert(problems_.end(), source.problems.begin(), source.problems.end());
    for (const Problem& problem : source.problems) mark_broken(problem.path);
    for (const Setting& setting : source.settings) {
      complain_if_excluded(setting, source);
      apply(setting);
    }
  }

  void read_secrets() {
    read_secret("upstream.password_file", config_.upstream.password_file, "upstream.password",
                config_.upstream.password);
    read_secret("upstream.sentinel_password_file", config_.upstream.sentinel_password_file,
                "upstream.sentinel_password", config_.upstream.sentinel_password);
    read_secret("requirepass_file", config_.client.requirepass_file, "requirepass",
                config_.client.requirepass);
  }

  void check() {
    std::vector<Problem> found = validate(config_, origins_);
    std::move(found.begin(), found.end(), std::back_inserter(problems_));
  }

  const Config& config() const { return config_; }
  const Origins& origins() const { return origins_; }
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
      if (!whole.empty() && (option.path == whole || is_inside)) origins_.mark_broken(option.path);
    }
  }

  // Two ways to give one password contradict each other if they stand side by side; across sources the higher
  // wins.
  void complain_if_excluded(const Setting& setting, const SourceResult& source) {
    const auto other = std::find_if(
        source.settings.begin(), source.settings.end(),
        [&](const Setting& candidate) { return candidate.option->path == setting.option->excludes; });
    if (other == source.settings.end() || setting.option->is_secret) return;
    const bool in_file = setting.origin.source == Source::file;
    const std::string name = in_file ? std::string(other->option->path) : other->origin.name;
    problems_.push_back({setting.origin,
                         std::string(setting.option->path),
                         {"is set together with " + name, "keep one of the two"}});
  }

  void apply(const Setting& setting) {
    const Option& option = *setting.option;
    Config changed = config_;
    if (option.is_list) option.clear(changed);
    bool is_good = true;
    for (std::size_t i = 0; i < setting.pieces.size(); ++i) {
      const Setting::Piece& piece = setting.pieces[i];
      if (auto complaint = option.set(piece.text, changed)) {
        Origin where = setting.origin;
        if (piece.line > 0) where.line = piece.line;
        const std::string item = option.is_list ? "[" + std::to_string(i) + "]" : "";
        problems_.push_back({std::move(where), std::string(option.path) + item, std::move(*complaint)});
        is_good = false;
      }
    }
    if (!is_good) {
      origins_.mark_broken(option.path);
      return;
    }
    config_ = std::move(changed);
    origins_.set(option.path, setting.origin);
    if (option.excludes.empty()) return;
    find_option(option.excludes)->clear(config_);
    origins_.reset(option.excludes);
  }

  void read_secret(std::string_view path, const std::string& file, std::string_view secret_path,
                   std::string& secret) {
    if (file.empty()) return;
    files_.push_back(file);
    auto read = read_secret_file(file);
    if (auto* complaint = std::get_if<Complaint>(&read)) {
      problems_.push_back({origins_.of(path), std::string(path), std::move(*complaint)});
      origins_.mark_broken(path);
      return;
    }
    secret = std::move(std::get<std::string>(read));
    origins_.set(secret_path, {Source::file, file, 0});
  }

  Config config_;
  Origins origins_;
  std::vector<Problem> problems_;
  std::vector<std::string> files_;
};

// The whole configuration, each option with where its value came from; a password shows only whether it is
// set.
std::string describe(const Config& config, const Origins& origins) {
  std::string out = "slotway: the configuration is valid\n";
  for (const Option& option : options()) {
    const std::string value = option.print(config);
    const std::string origin = origins.of(option.path).label();
    out += "  " + std::string(option.path) + ": " + printable(value, value.size());
    out += origin.empty() ? "  # default\n" : "  # " + printable(origin) + "\n";
  }
  return out;
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
  layers.read_secrets();
  layers.check();

  LoadResult result;
  result.problems = layers.sorted_problems();
  result.files = layers.files();
  if (!result.problems.empty()) return result;
  if (flags.check_config) {
    result.print_and_exit = describe(layers.config(), layers.origins());
  } else {
    result.config = layers.config();
  }
  return result;
}

}  // namespace slotway::config
