// TLS between clients and Slotway, with the real redis-cli and redis-benchmark.
#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/kit/child_process.hpp"
#include "tests/kit/free_port.hpp"
#include "tests/kit/redis_process.hpp"
#include "tests/kit/slotway_process.hpp"
#include "tests/kit/temp_folder.hpp"
#include "tests/kit/wait_until.hpp"

namespace slotway::integration {
namespace {

using kit::RedisProcess;
using kit::SlotwayProcess;

constexpr std::chrono::seconds kLimit(20);

kit::CommandResult shell(const std::string& line) {
  return kit::run_command({"/bin/sh", "-c", line}, kLimit);
}

// NAME.crt and NAME.key, which vouch for themselves.
void make_certificate(const std::filesystem::path& folder, const std::string& name) {
  const std::string path = (folder / name).string();
  const kit::CommandResult made = shell(
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=" + name +
      " -addext subjectAltName=IP:127.0.0.1 -keyout " + path + ".key -out " + path + ".crt");
  INFO(made.output);
  REQUIRE(made.exit_code == 0);
}

struct Secured {
  kit::TempFolder folder;
  RedisProcess server;
  SlotwayProcess slotway;

  explicit Secured(std::vector<std::string> more = {})
      : slotway(SLOTWAY_BINARY, server.address() + ":" + std::to_string(server.port()),
                arguments(folder.path(), std::move(more))) {}

  static std::vector<std::string> arguments(const std::filesystem::path& folder,
                                            std::vector<std::string> more) {
    for (const char* name : {"server", "client", "stranger"}) make_certificate(folder, name);
    std::vector<std::string> out = {"--upstream-mode", "standalone",
                                    "--workers",       "2",
                                    "--tls-cert-file", (folder / "server.crt").string(),
                                    "--tls-key-file",  (folder / "server.key").string()};
    for (std::string& argument : more) {
      if (argument.ends_with(".crt")) argument = (folder / argument).string();
      out.push_back(std::move(argument));
    }
    return out;
  }
  std::string file(const std::string& name) const { return (folder.path() / name).string(); }
  // What redis-cli prints, for words that the shell parts.
  std::string cli(const std::string& words, const std::string& options = {}) const {
    return shell("redis-cli --tls --cacert " + file("server.crt") + " " + options + " -p " +
                 std::to_string(slotway.port()) + " " + words + " 2>&1")
        .output;
  }
};

}  // namespace

TEST_CASE("redis-cli is served over TLS, and values of any size come whole") {
  Secured secured;
  CHECK(secured.cli("SET k v") == "OK\n");
  CHECK(secured.cli("GET k") == "v\n");
  for (const std::string size : {"1", "16383", "16384", "16385", "70000", "6000000"}) {
    INFO(size);
    const std::string value = secured.file("value");
    REQUIRE(
        shell("head -c " + size + " /dev/urandom | base64 -w0 | head -c " + size + " > " + value).exit_code ==
        0);
    CHECK(secured.cli("-x SET big < " + value) == "OK\n");
    CHECK(shell("redis-cli --tls --cacert " + secured.file("server.crt") + " -p " +
                std::to_string(secured.slotway.port()) + " GET big | head -c " + size + " | cmp - " + value)
              .exit_code == 0);
  }
  CHECK(secured.slotway.metric("slotway_clients{worker=\"0\"}") +
            secured.slotway.metric("slotway_clients{worker=\"1\"}") ==
        0);
}

TEST_CASE("many clients and pipelines go through TLS") {
  Secured secured;
  const kit::CommandResult result =
      shell("redis-benchmark --tls --cacert " + secured.file("server.crt") + " -p " +
            std::to_string(secured.slotway.port()) + " -n 4000 -c 20 -P 16 -d 3000 -t set,get,incr -q 2>&1");
  INFO(result.output);
  CHECK(result.exit_code == 0);
  CHECK(result.output.find("rror") == std::string::npos);
  CHECK(secured.slotway.metric("slotway_requests_total{family=\"string\"}") >= 12000);
}

TEST_CASE("who speaks no TLS, or lacks a certificate that is asked for, is not served") {
  Secured secured({"--tls-ca-file", "client.crt"});
  const auto with = [&](const std::string& name) {
    return "--cert " + secured.file(name + ".crt") + " --key " + secured.file(name + ".key");
  };
  CHECK(secured.cli("PING", with("client")) == "PONG\n");
  CHECK(secured.cli("PING", with("stranger")).find("PONG") == std::string::npos);
  CHECK(secured.cli("PING").find("PONG") == std::string::npos);
  kit::TestClient plain = secured.slotway.client();
  plain.send_raw("*1\r\n$4\r\nPING\r\n");
  CHECK(plain.read_until_closed().find("PONG") == std::string::npos);
  CHECK(secured.cli("PING", with("client")) == "PONG\n");
}

TEST_CASE("a certificate that was renewed is used for clients that come then") {
  Secured secured;
  CHECK(secured.cli("PING") == "PONG\n");
  std::filesystem::copy_file(secured.file("stranger.key"), secured.file("server.key"),
                             std::filesystem::copy_options::overwrite_existing);
  std::filesystem::copy_file(secured.file("stranger.crt"), secured.file("server.crt"),
                             std::filesystem::copy_options::overwrite_existing);
  secured.slotway.signal(SIGHUP);
  // redis-cli trusts the new one alone
  kit::wait_until("it is used", kLimit, [&] { return secured.cli("PING") == "PONG\n"; });
}

TEST_CASE("listeners have TLS or not, each for itself") {
  const kit::TempFolder folder;
  make_certificate(folder.path(), "server");
  const RedisProcess server;
  const std::uint16_t port = kit::free_port();
  const std::string at = (folder.path() / "server").string();
  const SlotwayProcess slotway(SLOTWAY_BINARY, server.address() + ":" + std::to_string(server.port()),
                               {"--upstream-mode", "standalone"},
                               "listeners:\n  - {listen: 127.0.0.1:" + std::to_string(port) +
                                   ", upstream: default, tls_cert_file: " + at + ".crt, tls_key_file: " + at +
                                   ".key}\n");
  CHECK(slotway.client().text({"PING"}) == "+PONG");
  CHECK(shell("redis-cli --tls --cacert " + at + ".crt -p " + std::to_string(port) + " PING").output ==
        "PONG\n");
}

}  // namespace slotway::integration
