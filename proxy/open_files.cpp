#include "proxy/open_files.hpp"

#include <spdlog/fmt/fmt.h>
#include <sys/resource.h>

namespace slotway::proxy {

namespace {

// Ports, loops, standard streams, and what the admin port and the refresher open.
constexpr std::uint64_t kProcess = 128;
// A loop's own descriptors, and a connection to each of some 50 nodes.
constexpr std::uint64_t kPerWorker = 64;

}  // namespace

std::uint64_t raise_open_files() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  rlimit raised = limit;
  raised.rlim_cur = limit.rlim_max;
  return ::setrlimit(RLIMIT_NOFILE, &raised) == 0 ? raised.rlim_cur : limit.rlim_cur;
}

std::optional<std::string> open_files_warning(std::uint64_t limit, std::uint32_t max_clients,
                                              unsigned workers) {
  const std::uint64_t wanted = max_clients + kProcess + kPerWorker * workers;
  if (limit >= wanted) return std::nullopt;
  return fmt::format(
      "only {} files may be open, but limits.max_clients ({}) and connections to nodes may need {}: raise "
      "the "
      "limit (ulimit -Hn, LimitNOFILE= of a systemd unit, --ulimit nofile= of a container), or lower "
      "limits.max_clients",
      limit, max_clients, wanted);
}

}  // namespace slotway::proxy
