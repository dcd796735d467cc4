#include "tests/chaos/balancer.hpp"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/kit/free_port.hpp"
#include "tests/kit/redis_process.hpp"
#include "tests/kit/wait_until.hpp"

namespace slotway::chaos {
namespace {

constexpr const char* kProgram = "/usr/sbin/haproxy";
constexpr std::chrono::seconds kLimit(20);

// A Service's endpoints change about as fast: a pod that is not ready any more gets no new connections.
constexpr const char* kConfiguration =
    "defaults\n  mode tcp\n  timeout connect 2s\n  timeout client 60s\n  timeout server 60s\n"
    "  timeout check 1s\n  option redispatch\n"
    "listen slotway\n  balance roundrobin\n  option httpchk GET /readyz\n"
    "  default-server check inter 200ms fall 1 rise 1\n";

}  // namespace

bool Balancer::is_installed() { return std::filesystem::exists(kProgram); }

Balancer::Balancer(const std::vector<Place>& places) : port_(kit::free_port()) {
  const std::filesystem::path file = folder_.path() / "haproxy.cfg";
  std::ofstream out(file);
  out << kConfiguration << "  bind 127.0.0.1:" << port_ << "\n";
  for (const Place& place : places) {
    out << "  server at_" << place.port << " 127.0.0.1:" << place.port << " port " << place.admin_port
        << "\n";
  }
  out.close();
  process_ = std::make_unique<kit::ChildProcess>(
      std::vector<std::string>{kProgram, "-db", "-f", file.string()}, folder_.path() / "log");
  kit::wait_until("HAProxy leads to a proxy", kLimit, [&] {
    if (!process_->running()) throw std::runtime_error("HAProxy has ended: " + process_->output());
    return kit::answers_ping(port_, "127.0.0.1");
  });
}

}  // namespace slotway::chaos
