// Names that lead where a test says, whoever in this process looks them up: its getaddrinfo is ours, and asks
// the system for all other names. Owner: a test, one at a time. Thread: any. Invariant: without one, names
// are the system's alone.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace slotway::kit {

class FakeNames {
 public:
  FakeNames();
  ~FakeNames();
  FakeNames(const FakeNames&) = delete;
  FakeNames& operator=(const FakeNames&) = delete;

  // From now on; without addresses the name does not resolve.
  void set(const std::string& name, const std::vector<std::string>& addresses);
  // How often the name was looked up.
  std::size_t lookups(const std::string& name) const;
};

}  // namespace slotway::kit
