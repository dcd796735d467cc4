// Bytes as no good client sends them: noise, and requests that were valid before they were mutated. Owner: a
// fault. Thread: one. Invariant: the same seed gives the same bytes; what may still be executed has keys of
// the prefix below only, and no base command acts on a whole server, its settings, or other clients.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>

namespace slotway::chaos {

inline constexpr const char* kGarbagePrefix = "garbage:";

class Garbage {
 public:
  explicit Garbage(std::uint32_t seed) : random_(seed) {}

  // What is sent in one go: at most a few kB, but for a value of 64 kB now and then.
  std::string next();
  // From 0 to less than `end`: for other choices that the seed decides.
  std::size_t below(std::size_t end) { return random_() % end; }

 private:
  std::string noise();
  std::string request();
  std::string with_flips(std::string bytes);
  std::string cut(const std::string& bytes) { return bytes.substr(0, below(bytes.size() + 1)); }
  std::string huge_length();
  std::string nested();
  std::string inline_request();
  std::string key() { return kGarbagePrefix + std::to_string(below(50)); }

  std::mt19937 random_;
};

}  // namespace slotway::chaos
