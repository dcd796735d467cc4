// What the real program needs of its process: open files, a log that nobody reads, names that hang; without a
// cluster behind it.
#include <catch2/catch.hpp>

#include <signal.h>
#include <sys/resource.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/kit/child_process.hpp"
#include "tests/kit/free_port.hpp"
#include "tests/kit/slotway_process.hpp"
#include "tests/kit/temp_folder.hpp"
#include "tests/kit/test_client.hpp"
#include "tests/kit/wait_until.hpp"

namespace slotway::integration {
namespace {

constexpr std::chrono::seconds kSoon(10);

// The program on free ports, started by way of another (`wrapper`), which gets its command line.
class Lonely {
 public:
  explicit Lonely(std::vector<std::string> wrapper, std::vector<std::string> arguments = {},
                  std::string seed = "127.0.0.1:" + std::to_string(kit::free_port())) {
    std::vector<std::string> command = std::move(wrapper);
    command.insert(command.end(), {SLOTWAY_BINARY, "--upstream", std::move(seed), "--workers", "1",
                                   "--listen", "127.0.0.1:" + std::to_string(port_), "--admin",
                                   "127.0.0.1:" + std::to_string(admin_port_)});
    command.insert(command.end(), arguments.begin(), arguments.end());
    process_ = std::make_unique<kit::ChildProcess>(command, folder_.path() / "log");
    wait_for_reason("");
  }

  // Until /readyz gives a reason with this in it.
  void wait_for_reason(const std::string& text) {
    const auto says_so = [&] {
      try {
        const kit::HttpReply reply = kit::http_get(admin_port_, "/readyz");
        return reply.status == 503 && reply.body.find(text) != std::string::npos;
      } catch (const kit::ClientError&) {
        return false;
      }
    };
    try {
      kit::wait_until("/readyz says: " + text, kSoon, says_so);
    } catch (const std::runtime_error& error) {
      throw std::runtime_error(error.what() + ("\n" + output()));
    }
  }

  std::size_t open_files() const {
    const std::filesystem::directory_iterator entries("/proc/" + std::to_string(process_->pid()) + "/fd");
    return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
  }

  std::uint16_t port() const { return port_; }
  std::uint16_t admin_port() const { return admin_port_; }
  std::string output() const { return process_->output(); }
  std::optional<int> stop() {
    process_->signal(SIGTERM);
    return process_->wait(kSoon);
  }

 private:
  std::uint16_t port_ = kit::free_port();
  std::uint16_t admin_port_ = kit::free_port();
  kit::TempFolder folder_;
  std::unique_ptr<kit::ChildProcess> process_;
};

std::vector<std::string> shell(const std::string& set_up) {
  return {"bash", "-c", set_up + "exec \"$0\" \"$@\""};
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

}  // namespace

TEST_CASE("the log says where clients and the admin port are served") {
  Lonely slotway({"env"});
  const std::string output = slotway.output();
  INFO(output);
  CHECK(output.find(" control slotway ") != std::string::npos);
  CHECK(output.find(" listens on 127.0.0.1:" + std::to_string(slotway.port()) + " ") != std::string::npos);
  CHECK(output.find(" admin on 127.0.0.1:" + std::to_string(slotway.admin_port()) + "\n") !=
        std::string::npos);
}

TEST_CASE("the reason for not being ready is what the nodes said") {
  Lonely slotway({"env"});
  slotway.wait_for_reason("Connection refused");
}

TEST_CASE("the soft limit of open files is raised, and a hard one that is too low is a warning") {
  rlimit limit{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
  Lonely raised(shell("ulimit -Sn 256; "), {"--limits-max-clients", "10"});
  CHECK(kit::http_get(raised.admin_port(), "/metrics").body.find("\nprocess_max_fds 256\n") ==
        std::string::npos);
  CHECK(raised.output().find("files may be open") == std::string::npos);
  Lonely poor(shell("ulimit -n 256; "));
  INFO(poor.output());
  CHECK(kit::http_get(poor.admin_port(), "/metrics").body.find("\nprocess_max_fds 256\n") !=
        std::string::npos);
  CHECK(poor.output().find("only 256 files may be open, but limits.max_clients (10000) ") !=
        std::string::npos);
}

TEST_CASE("running out of open files again and again is one line in the log, and passes") {
  constexpr std::size_t kLimit = 64;
  constexpr std::size_t kTimes = 5;
  Lonely slotway(shell("ulimit -n " + std::to_string(kLimit) + "; "));
  for (std::size_t i = 0; i < kTimes; ++i) {
    std::vector<kit::TestClient> clients;
    for (std::size_t n = 0; n < kLimit; ++n) clients.emplace_back(slotway.port(), kSoon);
    kit::wait_until("all open files are used", kSoon, [&] { return slotway.open_files() >= kLimit; });
    clients.clear();
    kit::wait_until("the clients are closed", kSoon, [&] { return slotway.open_files() < kLimit / 2; });
  }
  CHECK(kit::TestClient(slotway.port(), kSoon).text({"PING"}) == "+PONG");
  const std::size_t lines = count(slotway.output(), "cannot accept clients: Too many open files; raise");
  INFO(slotway.output());
  CHECK(lines >= 1);
  CHECK(lines < kTimes);
}

TEST_CASE("a reader of the log that leaves does not end the proxy") {
  Lonely slotway({"bash", "-c", "exec \"$0\" \"$@\" 2> >(exec true)"});
  CHECK(kit::TestClient(slotway.port(), kSoon).text({"PING"}) == "+PONG");
  CHECK(slotway.stop() == 0);
}

TEST_CASE("flag --health exits 0 while the program runs, 1 when it does not, 2 where it cannot ask") {
  // It has the configuration's word for where to ask, and needs no more of it.
  const kit::TempFolder folder;
  const std::string file = folder.path() / "slotway.yaml";
  const auto health = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {SLOTWAY_BINARY, "--health"});
    return kit::run_command(arguments, kSoon);
  };
  std::string address;
  {
    Lonely slotway({"env"});
    address = "127.0.0.1:" + std::to_string(slotway.admin_port());
    std::ofstream(file) << "admin: 0.0.0.0:" << slotway.admin_port() << "\n";
    for (const kit::CommandResult& result : {health({"--config", file}), health({"--admin", address})}) {
      INFO(result.output);
      CHECK(result.exit_code == 0);
      CHECK(result.output.empty());
    }
  }
  const kit::CommandResult gone = health({"--config", file});
  CHECK(gone.exit_code == 1);
  CHECK(gone.output == "slotway: http://" + address +
                           "/healthz: Connection refused; start Slotway, or give --health the configuration "
                           "with which it runs (--config, --admin)\n");
  const kit::CommandResult off = health({"--config", file, "--admin", "off"});
  CHECK(off.exit_code == 2);
  CHECK(off.output.find("--admin: is off, and --health asks there") != std::string::npos);
}

TEST_CASE("a name look-up that hangs does not hold the exit") {
  const char* asan = std::getenv("ASAN_OPTIONS");
  Lonely slotway({"env", "LD_PRELOAD=" SLOTWAY_HANGING_LOOKUP,
                  "ASAN_OPTIONS=verify_asan_link_order=0:" + std::string(asan == nullptr ? "" : asan)},
                 {"--timeouts-connect", "50ms"}, "hangs.invalid:7000");
  slotway.wait_for_reason("its name lookup timed out");
  CHECK(slotway.stop() == 0);
}

}  // namespace slotway::integration
