// wait_for_secrets: files with passwords that come later than the program.
#include <catch2/catch.hpp>
#include <csignal>
#include <fstream>
#include <string>

#include "tests/kit/child_process.hpp"
#include "tests/kit/free_port.hpp"
#include "tests/kit/redis_process.hpp"
#include "tests/kit/slotway_process.hpp"
#include "tests/kit/temp_folder.hpp"
#include "tests/kit/wait_until.hpp"

namespace slotway::integration {
namespace {

constexpr std::chrono::seconds kLimit(20);

struct Waiting {
  kit::RedisProcess redis{std::vector<std::string>{"--requirepass", "word"}};
  kit::TempFolder folder;
  std::uint16_t port = kit::free_port();
  std::uint16_t admin = kit::free_port();
  kit::ChildProcess slotway{
      {SLOTWAY_BINARY, "--upstream", redis.host_port(), "--upstream-mode", "standalone", "--listen",
       "127.0.0.1:" + std::to_string(port), "--admin", "127.0.0.1:" + std::to_string(admin),
       "--wait-for-secrets", "on", "--upstream-password-file", (folder.path() / "nodes").string(),
       "--requirepass-file", (folder.path() / "clients").string()},
      folder.path() / "log"};

  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder.path() / name) << text;
  }
  kit::HttpReply ask(const std::string& path) const {
    try {
      return kit::http_get(admin, path);
    } catch (const kit::ClientError&) {
      return {};
    }
  }
  // Until /readyz says so, with that status.
  void wait_for(int status, const std::string& words) const {
    kit::wait_until("/readyz says: " + words, kLimit, [&] {
      const kit::HttpReply reply = ask("/readyz");
      return reply.status == status && reply.body.find(words) != std::string::npos;
    });
  }
};

}  // namespace

TEST_CASE("files with passwords that are missing at the start are waited for, and told") {
  Waiting waiting;
  waiting.wait_for(503, "nodes': No such file or directory");
  CHECK(waiting.ask("/readyz").body.find("clients': No such file or directory") != std::string::npos);
  CHECK(waiting.ask("/healthz").status == 200);
  CHECK(waiting.ask("/metrics").body.find("\nslotway_ready 0\n") != std::string::npos);
  CHECK_THROWS_AS(kit::TestClient(waiting.port), kit::ClientError);
  // Who has the same configuration can ask, though the files are not there for it either.
  CHECK(kit::run_command({SLOTWAY_BINARY, "--admin", "127.0.0.1:" + std::to_string(waiting.admin),
                          "--requirepass-file", (waiting.folder.path() / "clients").string(), "--health"},
                         kLimit)
            .exit_code == 0);

  // The second one comes with a mistake in it first.
  waiting.write("nodes", "word\n");
  waiting.write("clients", "\n");
  waiting.wait_for(503, "clients': its first line is empty");
  CHECK(waiting.ask("/readyz").body.find("nodes'") == std::string::npos);
  CHECK_THROWS_AS(kit::TestClient(waiting.port), kit::ClientError);

  waiting.write("clients", "their-own\n");
  waiting.wait_for(200, "\"ready\":true");
  kit::TestClient client(waiting.port);
  CHECK(client.text({"GET", "k"}) == "-NOAUTH Authentication required.");
  CHECK(client.text({"AUTH", "their-own"}) == "+OK");
  CHECK(client.text({"SET", "k", "v"}) == "+OK");
  const std::string log = waiting.slotway.output();
  CHECK(log.find("not started yet: ") != std::string::npos);
  waiting.slotway.signal(SIGTERM);
  CHECK(waiting.slotway.wait(kLimit) == 0);
}

TEST_CASE("who waits for files can be told to end") {
  Waiting waiting;
  waiting.wait_for(503, "No such file");
  SECTION("by SIGTERM") { waiting.slotway.signal(SIGTERM); }
  SECTION("by POST /drain") { CHECK(kit::http_ask(waiting.admin, "POST", "/drain").status == 202); }
  CHECK(waiting.slotway.wait(kLimit) == 0);
}

}  // namespace slotway::integration
