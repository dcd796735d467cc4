// A request made of words, as the parser would have seen it: the bytes and the arguments' places in them.
// Owner: a test. Invariant: view() stays valid as long as the object lives and is not moved.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/request.hpp"

namespace slotway::protocol {

class RequestWords {
 public:
  explicit RequestWords(const std::vector<std::string>& words) {
    bytes_ = "*" + std::to_string(words.size()) + "\r\n";
    for (const std::string& word : words) {
      const std::size_t header = bytes_.size();
      bytes_ += "$" + std::to_string(word.size()) + "\r\n";
      arguments_.push_back({static_cast<std::uint32_t>(header), static_cast<std::uint32_t>(bytes_.size()),
                            static_cast<std::uint32_t>(word.size())});
      bytes_ += word + "\r\n";
    }
  }
  RequestWords(const RequestWords&) = delete;
  RequestWords& operator=(const RequestWords&) = delete;

  RequestView view() const { return RequestView(bytes_.data(), bytes_.size(), arguments_); }

 private:
  std::string bytes_;
  std::vector<Argument> arguments_;
};

// "SORT k BY w" as its words. An empty word is spelled "".
inline std::vector<std::string> split_words(std::string_view line) {
  std::vector<std::string> words;
  while (!line.empty()) {
    const std::size_t space = std::min(line.find(' '), line.size());
    const std::string_view word = line.substr(0, space);
    if (!word.empty()) words.emplace_back(word == "\"\"" ? "" : word);
    line.remove_prefix(std::min(space + 1, line.size()));
  }
  return words;
}

}  // namespace slotway::protocol
