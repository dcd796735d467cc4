#include "routing/info_merger.hpp"

#include <algorithm>
#include <map>
#include <optional>

#include "protocol/ascii_case.hpp"
#include "routing/info_rules.hpp"

namespace slotway::routing {

namespace {

struct Field {
  std::string_view name;
  std::vector<std::string_view> values;   // of the nodes that have it
  std::optional<std::string_view> own{};  // the proxy's
  std::optional<std::string> merged{};    // nullopt = left out
};

struct Section {
  std::string_view name;
  std::vector<Field> fields{};
  std::map<std::string_view, std::size_t> index{};  // by the field's name

  Field& field(std::string_view field_name) {
    const auto [place, is_new] = index.try_emplace(field_name, fields.size());
    if (is_new) fields.push_back({field_name, {}});
    return fields[place->second];
  }
  const Field* find(std::string_view field_name) const {
    const auto place = index.find(field_name);
    return place == index.end() ? nullptr : &fields[place->second];
  }
};

// The line at the front of `text`, which is taken out of it.
std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// A module's lines have one name: each is a field of its own, and its value is not touched.
bool is_repeated(std::string_view name) { return name == "module"; }

class Sections {
 public:
  void read(std::string_view text, bool own) {
    Section* section = nullptr;
    while (!text.empty()) {
      const std::string_view line = take_line(text);
      if (line.starts_with("# ")) {
        section = &at(line.substr(2));
      } else if (const std::size_t colon = line.find(':'); colon != std::string_view::npos && section) {
        const std::string_view name = line.substr(0, colon);
        Field& field = section->field(is_repeated(name) ? line : name);
        if (own) {
          field.own = line.substr(colon + 1);
        } else {
          field.values.push_back(line.substr(colon + 1));
        }
      }
    }
  }

  std::vector<Section>& all() { return sections_; }

 private:
  Section& at(std::string_view name) {
    const auto found = std::ranges::find(sections_, name, &Section::name);
    return found == sections_.end() ? sections_.emplace_back(Section{name}) : *found;
  }

  std::vector<Section> sections_;
};

// ---- one value for each field ----

double number_of(const Section& section, std::string_view name) {
  const Field* field = name.empty() ? nullptr : section.find(name);
  if (!field || !field->merged) return 0;
  return parse_info_number(*field->merged).value_or(InfoNumber{}).value;
}

std::optional<std::string> derived(const Section& section, const InfoField& rule) {
  const Field* of = section.find(rule.of);
  if (!of || !of->merged) return std::nullopt;
  if (rule.rule == InfoRule::human) {
    const auto bytes = parse_info_number(*of->merged);
    return bytes ? std::optional(human_bytes(bytes->whole)) : std::nullopt;
  }
  const double by = number_of(section, rule.by) - number_of(section, rule.less);
  const double quotient = by == 0 ? 0 : number_of(section, rule.of) / by;
  return rule.rule == InfoRule::percent ? print_decimal(quotient * 100, 2) + "%" : print_decimal(quotient, 2);
}

void merge_section(Section& section) {
  std::vector<std::pair<Field*, InfoField>> later;
  for (Field& field : section.fields) {
    if (is_repeated(field.name.substr(0, field.name.find(':')))) {
      field.merged = field.values.front();
      continue;
    }
    const InfoField rule =
        info_field(field.name, field.values.empty() ? field.own.value_or("") : field.values.front());
    switch (rule.rule) {
      case InfoRule::own:
        if (field.own) field.merged = *field.own;
        break;
      case InfoRule::human:
      case InfoRule::ratio:
      case InfoRule::percent: later.emplace_back(&field, rule); break;
      default:
        // What only the proxy has is as it says.
        if (field.values.empty()) {
          field.merged = field.own;
          break;
        }
        if (field.own) field.values.push_back(*field.own);
        field.merged = merge_values(rule.rule, field.values);
    }
  }
  for (const auto& [field, rule] : later) field->merged = derived(section, rule);
}

void write_section(std::string& out, const Section& section) {
  if (!out.empty()) out += "\r\n";
  out.append("# ").append(section.name).append("\r\n");
  for (const Field& field : section.fields) {
    if (!field.merged) continue;
    out.append(is_repeated(field.name.substr(0, field.name.find(':'))) ? "module" : field.name);
    out.append(":").append(*field.merged).append("\r\n");
  }
}

std::string lower(std::string_view name) {
  std::string out(name);
  std::ranges::transform(out, out.begin(), protocol::ascii_lower);
  return out;
}

}  // namespace

std::string merge_info(std::span<const NodeReport> reports, std::span<const std::string> texts,
                       const ReportWish& wish) {
  Sections sections;
  for (const std::string& text : texts) sections.read(text, false);
  std::string own = wish.own_info;
  // The section Slotway is its last.
  if (!reports.empty() && wish.sections.wants("slotway")) {
    const auto silent = std::ranges::count_if(reports, &NodeReport::failed);
    own += "primaries_asked:" + std::to_string(reports.size()) + "\r\n";
    own += "primaries_silent:" + std::to_string(silent) + "\r\n";
  }
  sections.read(own, true);
  std::string out;
  for (Section& section : sections.all()) {
    if (!wish.sections.shows(lower(section.name))) continue;
    merge_section(section);
    write_section(out, section);
  }
  if (wish.sections.wants_nodes() && wish.topology) {
    if (!out.empty()) out += "\r\n";
    out += node_lines(reports, texts, *wish.topology);
  }
  return out;
}

std::string_view find_info_field(std::string_view text, std::string_view name) {
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    if (line.size() > name.size() && line.starts_with(name) && line[name.size()] == ':')
      return line.substr(name.size() + 1);
  }
  return {};
}

}  // namespace slotway::routing
