// HAProxy in TCP mode, as what stands in front of several proxies: new connections go in turn to those that
// say at /readyz that they are ready; open ones stay where they are. Owner: a fleet. Thread: main's.
// Invariant: it takes connections when the constructor returns, and no process is left by the destructor.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "tests/kit/child_process.hpp"
#include "tests/kit/temp_folder.hpp"

namespace slotway::chaos {

class Balancer {
 public:
  struct Place {
    std::uint16_t port;
    std::uint16_t admin_port;
  };
  // At least one is ready. Throws std::runtime_error with HAProxy's output.
  explicit Balancer(const std::vector<Place>& places);

  static bool is_installed();
  std::uint16_t port() const { return port_; }

 private:
  std::uint16_t port_;
  kit::TempFolder folder_;
  std::unique_ptr<kit::ChildProcess> process_;
};

}  // namespace slotway::chaos
