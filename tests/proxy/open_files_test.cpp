// The limit of open files, against what the configuration may need.
#include "proxy/open_files.hpp"

#include <sys/resource.h>

#include <catch2/catch.hpp>

namespace slotway::proxy {
namespace {

TEST_CASE("a limit of open files that does not hold all clients is a warning with numbers and advice") {
  struct Row {
    std::uint64_t limit;
    std::uint32_t max_clients;
    unsigned workers;
    bool is_enough;
  };
  const Row rows[] = {
      {1024, 10000, 1, false},
      {10191, 10000, 1, false},
      {10192, 10000, 1, true},
      {10192, 10000, 2, false},
      {RLIM_INFINITY, 1000000, 256, true},
      {0, 1, 1, false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.limit, row.max_clients, row.workers);
    CHECK(open_files_warning(row.limit, row.max_clients, row.workers).has_value() != row.is_enough);
  }
  CHECK(
      open_files_warning(1024, 10000, 1) ==
      "only 1024 files may be open, but limits.max_clients (10000) and connections to nodes may need 10192: "
      "raise the limit (ulimit -Hn, LimitNOFILE= of a systemd unit, --ulimit nofile= of a container), or "
      "lower limits.max_clients");
}

TEST_CASE("the soft limit of open files is raised to the hard one") {
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  rlimit lowered = before;
  lowered.rlim_cur = 256;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &lowered) == 0);
  const std::uint64_t raised = raise_open_files();
  rlimit after{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &after) == 0);
  ::setrlimit(RLIMIT_NOFILE, &before);
  CHECK(raised == before.rlim_max);
  CHECK(after.rlim_cur == before.rlim_max);
  CHECK(after.rlim_max == before.rlim_max);
}

}  // namespace
}  // namespace slotway::proxy
