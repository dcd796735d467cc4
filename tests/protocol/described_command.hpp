// A command as a node describes it, written as the reply to COMMAND that parse_command_reply reads. Owner:
// tests. Source: Redis's documentation of COMMAND; the layout is Redis 7.0's in RESP2.
#pragma once

#include <string>
#include <vector>

namespace slotway::protocol {

inline std::string resp_bulk(const std::string& text) {
  return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
}
inline std::string resp_integer(long long value) { return ":" + std::to_string(value) + "\r\n"; }
inline std::string resp_array(const std::vector<std::string>& elements) {
  std::string out = "*" + std::to_string(elements.size()) + "\r\n";
  for (const std::string& element : elements) out += element;
  return out;
}
inline std::string resp_words(const std::vector<std::string>& words) {
  std::vector<std::string> elements;
  for (const std::string& word : words) elements.push_back("+" + word + "\r\n");
  return resp_array(elements);
}

// --- the two halves of a key spec, and the whole ---

inline std::string half(const std::string& type, const std::vector<std::string>& spec) {
  return resp_array({resp_bulk("type"), resp_bulk(type), resp_bulk("spec"), resp_array(spec)});
}
inline std::string from_index(int index) { return half("index", {resp_bulk("index"), resp_integer(index)}); }
inline std::string from_keyword(const std::string& keyword, int startfrom) {
  return half("keyword",
              {resp_bulk("keyword"), resp_bulk(keyword), resp_bulk("startfrom"), resp_integer(startfrom)});
}
inline std::string keys_in_range(int lastkey, int keystep, int limit) {
  return half("range", {resp_bulk("lastkey"), resp_integer(lastkey), resp_bulk("keystep"),
                        resp_integer(keystep), resp_bulk("limit"), resp_integer(limit)});
}
inline std::string keys_by_number(int keynumidx, int firstkey, int keystep) {
  return half("keynum", {resp_bulk("keynumidx"), resp_integer(keynumidx), resp_bulk("firstkey"),
                         resp_integer(firstkey), resp_bulk("keystep"), resp_integer(keystep)});
}
inline std::string unknown_half() { return half("unknown", {}); }
inline std::string key_spec(const std::string& begin_search, const std::string& find_keys) {
  return resp_array({resp_bulk("flags"), resp_words({"RW", "access"}), resp_bulk("begin_search"),
                     begin_search, resp_bulk("find_keys"), find_keys});
}
// One key, the first argument.
inline std::string first_key() { return key_spec(from_index(1), keys_in_range(0, 1, 0)); }
// All arguments, `step` for each key.
inline std::string all_keys(int step = 1) { return key_spec(from_index(1), keys_in_range(-1, step, 0)); }

struct DescribedCommand {
  std::string name;
  int arity = -1;
  std::vector<std::string> flags = {};
  std::vector<std::string> specs = {};
  std::vector<std::string> tips = {};
  std::vector<std::string> categories = {};
  std::vector<DescribedCommand> subcommands = {};

  std::string text() const {
    std::vector<std::string> below;
    for (const DescribedCommand& sub : subcommands) below.push_back(sub.text());
    return resp_array({resp_bulk(name), resp_integer(arity), resp_words(flags), resp_integer(0),
                       resp_integer(0), resp_integer(0), resp_words(categories), resp_words(tips),
                       resp_array(specs), resp_array(below)});
  }
};

inline std::string command_reply(const std::vector<DescribedCommand>& commands) {
  std::vector<std::string> texts;
  for (const DescribedCommand& command : commands) texts.push_back(command.text());
  return resp_array(texts);
}

}  // namespace slotway::protocol
