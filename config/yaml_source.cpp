#include "config/yaml_source.hpp"

#include <yaml-cpp/yaml.h>

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "config/nearest_name.hpp"
#include "config/text_file.hpp"

namespace slotway::config {
namespace {

constexpr std::size_t kLargestFile = 1 << 20;

// The parser names an anchor or an escape behind a colon, and that can be part of a password: "password:
// *secret".
std::string without_content(const std::string& message) { return message.substr(0, message.find(": ")); }

class Walk {
 public:
  explicit Walk(std::string file_name) : file_name_(std::move(file_name)) {}

  void walk_document(const YAML::Node& root) {
    if (!root.IsDefined() || root.IsNull()) return;
    if (!root.IsMap()) {
      complain(root.Mark(), "", {"the file is not a mapping", "write it as `key: value` lines"});
      return;
    }
    walk_mapping(root, "");
  }

  void complain(const YAML::Mark& mark, std::string path, Complaint complaint) {
    result_.problems.push_back({origin(mark), std::move(path), std::move(complaint)});
  }

  SourceResult take() { return std::move(result_); }

 private:
  Origin origin(const YAML::Mark& mark) const { return {Source::file, file_name_, line(mark)}; }

  // YAML counts lines from 0, and says -1 if it does not know.
  static int line(const YAML::Mark& mark) { return mark.line + 1; }

  void walk_mapping(const YAML::Node& mapping, const std::string& prefix) {
    std::map<std::string, int> first_lines;
    for (const auto& entry : mapping) {
      const YAML::Node& key = entry.first;
      if (!key.IsScalar()) {
        complain(key.Mark(), shown_ + prefix.substr(0, prefix.find('.')),
                 {"a key is not a word", "write it as `key: value`"});
        continue;
      }
      const auto [first, is_new] = first_lines.emplace(key.Scalar(), line(key.Mark()));
      if (!is_new) {
        complain(key.Mark(), shown_ + prefix + printable_key(key.Scalar()),
                 {"is given twice, first on line " + std::to_string(first->second), "keep one of the two"});
      }
      walk_entry(key, entry.second, prefix + key.Scalar(), prefix);
    }
  }

  void walk_entry(const YAML::Node& key, const YAML::Node& value, const std::string& path,
                  const std::string& prefix) {
    const auto list = kind_ ? std::nullopt : list_of(path);
    if (list) {
      walk_list(*list, key, value);
    } else if (const Option* option = kind_ ? find_entry_option(*kind_, path) : find_option(path)) {
      walk_option(*option, key, value, shown_ + path);
    } else if (!(kind_ ? is_entry_section(*kind_, path) : is_section(path))) {
      complain(key.Mark(), shown_ + prefix + printable_key(key.Scalar()), unknown_key(key.Scalar(), prefix));
    } else if (value.IsMap()) {
      walk_mapping(value, path + ".");
    } else if (!value.IsNull()) {
      complain(key.Mark(), shown_ + path,
               {"is a section, not a value", "write its keys on indented lines: " + keys_of(path)});
    }
  }

  // --- upstreams, listeners, routes ---

  static std::optional<EntryKind> list_of(const std::string& path) {
    for (const EntryKind kind : {EntryKind::upstream, EntryKind::listener, EntryKind::route}) {
      if (path == list_name(kind)) return kind;
    }
    return std::nullopt;
  }

  void walk_list(EntryKind kind, const YAML::Node& key, const YAML::Node& value) {
    if (value.IsNull()) return;
    const std::string name(list_name(kind));
    if (kind != EntryKind::upstream) {
      if (!value.IsSequence())
        return complain(key.Mark(), name, {"is not a list", "write each on lines that begin with `- `"});
      for (std::size_t i = 0; i < value.size(); ++i)
        take_entry(kind, "", name + "[" + std::to_string(i) + "]", key, value[i]);
      return;
    }
    if (!value.IsMap())
      return complain(key.Mark(), name, {"is not a mapping", "write each as `NAME:`, and its keys indented"});
    std::map<std::string, int> first_lines;
    for (const auto& entry : value) {
      const YAML::Node& entry_name = entry.first;
      if (!entry_name.IsScalar()) {
        complain(entry_name.Mark(), name, {"a name is not a word", "write it as `NAME:`"});
        continue;
      }
      const auto [first, is_new] = first_lines.emplace(entry_name.Scalar(), line(entry_name.Mark()));
      const std::string path = name + "." + printable_key(entry_name.Scalar());
      if (is_new) {
        take_entry(kind, entry_name.Scalar(), path, entry_name, entry.second);
      } else {
        complain(entry_name.Mark(), path,
                 {"is given twice, first on line " + std::to_string(first->second), "keep one of the two"});
      }
    }
  }

  void take_entry(EntryKind kind, std::string name, const std::string& path, const YAML::Node& where,
                  const YAML::Node& value) {
    const YAML::Mark mark = value.IsMap() ? value.Mark() : where.Mark();
    if (!value.IsMap()) {
      complain(mark, path, {"is not a mapping", "write its keys as indented `key: value` lines"});
      return;
    }
    EntrySettings entry{kind, std::move(name), path, origin(where.Mark()), {}};
    if (kind != EntryKind::upstream) entry.origin = origin(mark);
    kind_ = kind;
    shown_ = path + ".";
    settings_ = &entry.settings;
    walk_mapping(value, "");
    settings_ = &result_.settings;
    shown_.clear();
    kind_.reset();
    result_.entries.push_back(std::move(entry));
  }

  void walk_option(const Option& option, const YAML::Node& key, const YAML::Node& value,
                   const std::string& path) {
    Setting setting{&option, origin(key.Mark()), {}};
    if (value.IsNull()) {
      complain(key.Mark(), path, {"has no value", "write one, or remove the key"});
      return;
    }
    // A list of one needs no brackets.
    if (!option.is_list || value.IsScalar()) {
      if (add_piece(value, setting.origin, path, setting)) settings_->push_back(std::move(setting));
      return;
    }
    if (!value.IsSequence()) {
      complain(key.Mark(), path, {"is not a list", "write it as [" + example_item(option) + ", ...]"});
      return;
    }
    bool is_good = true;
    for (std::size_t i = 0; i < value.size(); ++i) {
      const std::string item_path = path + "[" + std::to_string(i) + "]";
      // YAML knows no place of an item that is not there.
      const Origin where = value[i].IsNull() ? setting.origin : origin(value[i].Mark());
      is_good = add_piece(value[i], where, item_path, setting) && is_good;
    }
    if (is_good) settings_->push_back(std::move(setting));
  }

  // False, and a problem, if the node is not a plain value.
  bool add_piece(const YAML::Node& value, const Origin& where, const std::string& path, Setting& setting) {
    const std::string& tag = value.Tag();
    const bool is_tagged = !tag.empty() && tag != "?" && tag != "!";
    if (value.IsScalar() && !is_tagged) {
      setting.pieces.push_back({value.Scalar(), where.line});
      return true;
    }
    const char* what = is_tagged        ? "begins with !, which YAML takes as a tag"
                       : value.IsMap()  ? "is a mapping, not a single value"
                       : value.IsNull() ? "has no value"
                                        : "is a list, not a single value";
    const char* advice = is_tagged ? "put the value in quotes" : "write one value";
    result_.problems.push_back({where, path, {what, advice}});
    return false;
  }

  static std::string example_item(const Option& option) {
    return std::string(option.metavar.substr(0, option.metavar.find('[')));
  }

  // `password:secret`, the blank forgotten, is a key for YAML: what stands behind the colon is not shown.
  static std::string printable_key(const std::string& key) { return printable(key.substr(0, key.find(':'))); }

  // All that may stand here, as paths.
  std::vector<std::string> known_paths() const {
    std::vector<std::string> paths;
    if (kind_) {
      for (const Option* option : entry_options(*kind_)) paths.emplace_back(entry_key(*option));
      return paths;
    }
    for (const Option& option : options()) paths.emplace_back(option.path);
    for (const EntryKind kind : {EntryKind::upstream, EntryKind::listener, EntryKind::route})
      paths.emplace_back(list_name(kind));
    return paths;
  }

  // The keys of a section ("" = the top level), each once, in the table's order.
  std::vector<std::string> keys_at(std::string_view prefix) const {
    std::vector<std::string> keys;
    for (const std::string& path : known_paths()) {
      if (!path.starts_with(prefix)) continue;
      const std::string_view rest = std::string_view(path).substr(prefix.size());
      std::string key(rest.substr(0, rest.find('.')));
      if (keys.empty() || keys.back() != key) keys.push_back(std::move(key));
    }
    return keys;
  }

  std::string keys_of(const std::string& section) const {
    std::string out;
    for (const std::string& key : keys_at(section + ".")) out += (out.empty() ? "" : ", ") + key;
    return out;
  }

  Complaint unknown_key(const std::string& key, const std::string& prefix) const {
    if (key.find(':') != std::string::npos) return {"is not a known key", "write a blank behind the colon"};
    const std::string near = nearest_name(key, keys_at(prefix));
    if (!near.empty()) return {"is not a known key", "did you mean " + quoted(prefix + near) + "?"};
    for (const std::string& path : known_paths()) {
      if (path.ends_with("." + key)) return {"is not a known key here", "did you mean " + quoted(path) + "?"};
    }
    if (kind_ && (find_option(key) || is_section(key)))
      return {"is not a known key here", "write it at the top level: it holds for all"};
    return {"is not a known key", "remove it, or see slotway.example.yaml for the keys that exist"};
  }

  std::string file_name_;
  SourceResult result_;
  // Of the entry that is walked through; at the top level nullopt and "".
  std::optional<EntryKind> kind_;
  std::string shown_;
  std::vector<Setting>* settings_ = &result_.settings;
};

}  // namespace

SourceResult read_yaml(const std::string& text, const std::string& file_name) {
  Walk walk(file_name);
  try {
    // yaml-cpp overlooks a quote that is never closed if a line end is the last thing it sees.
    const std::string trimmed = text.substr(0, text.find_last_not_of(" \t\r\n") + 1);
    const std::vector<YAML::Node> documents = YAML::LoadAll(trimmed);
    if (documents.size() > 1) {
      walk.complain(documents[1].Mark(), "",
                    {"the file holds a second document", "remove it and the `---` above it"});
    }
    if (!documents.empty()) walk.walk_document(documents.front());
    return walk.take();
  } catch (const YAML::Exception& error) {
    walk.complain(error.mark, "",
                  {"is not YAML: " + without_content(error.msg), "check the indentation and quotes"});
  }
  SourceResult result = walk.take();
  result.settings.clear();
  result.entries.clear();
  result.is_readable = false;
  return result;
}

SourceResult read_yaml_file(const std::string& path) {
  const auto text = read_text_file(path, kLargestFile);
  if (const auto* content = std::get_if<std::string>(&text)) return read_yaml(*content, path);
  SourceResult result;
  result.is_readable = false;
  result.problems.push_back({{Source::file, path, 0},
                             "",
                             {"cannot read the file: " + std::get<ReadFailure>(text).reason,
                              "check the path, and that Slotway's user may read it"}});
  return result;
}

}  // namespace slotway::config
