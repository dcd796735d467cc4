// The real program reloads its configuration: by SIGHUP, and because files change.
#include <catch2/catch.hpp>

#include <signal.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/integration/proxied_cluster.hpp"
#include "tests/kit/checked_load.hpp"
#include "tests/kit/temp_folder.hpp"
#include "tests/kit/wait_until.hpp"

namespace slotway::integration {
namespace {

namespace fs = std::filesystem;
using kit::ClusterProcess;
using kit::SlotwayProcess;
using kit::TestClient;

constexpr std::chrono::seconds kSoon(10);

void write(const fs::path& file, const std::string& text) { std::ofstream(file) << text; }

void wait_for_log(const SlotwayProcess& slotway, const std::string& text) {
  kit::wait_until("the log says: " + text, kSoon,
                  [&] { return slotway.output().find(text) != std::string::npos; });
}

double reloads(const SlotwayProcess& slotway, const std::string& result) {
  return slotway.metric("slotway_config_reloads_total{result=\"" + result + "\"}");
}

// As the kubelet mounts a Secret: FOLDER/NAME -> ..data/NAME, and ..data -> a folder of this version.
void mount_secret(const fs::path& folder, const std::string& version, const std::string& name,
                  const std::string& text) {
  fs::create_directories(folder / version);
  write(folder / version / name, text);
  fs::create_directory_symlink(version, folder / "..data_tmp");
  fs::rename(folder / "..data_tmp", folder / "..data");
  if (!fs::is_symlink(folder / name)) fs::create_symlink("..data/" + name, folder / name);
}

}  // namespace

TEST_CASE("SIGHUP under load takes over what has changed, and says what needs a restart") {
  ClusterProcess cluster;
  SlotwayProcess slotway(SLOTWAY_BINARY, cluster.seeds(), {"--workers", "2"},
                         "limits:\n  max_clients: 100\nbacklog: 10\n");
  kit::CheckedLoad load({.port = slotway.port()});
  load.wait_for(500);
  const double loaded = slotway.metric("slotway_config_loaded_timestamp_seconds");
  write(slotway.config_file(), "limits:\n  max_clients: 7\nbacklog: 20\nworkers: 9\n");
  slotway.signal(SIGHUP);
  // A flag still wins over the file: of workers nothing is said.
  wait_for_log(slotway,
               "configuration reloaded (SIGHUP): backlog: 10 -> 20 (needs a restart); "
               "limits.max_clients: 100 -> 7\n");
  CHECK(reloads(slotway, "changed") >= 1);
  CHECK(slotway.metric("slotway_config_loaded_timestamp_seconds") > loaded);
  load.wait_for(500);
  const TestClient seventh = slotway.client();
  CHECK(slotway.client().read_until_closed() == "-ERR max number of clients reached\r\n");
  const kit::LoadResult result = load.stop();
  INFO(result.summary());
  CHECK(result.wrong == 0);
  CHECK(result.error_count() == 0);
}

TEST_CASE("a bad file changes nothing, and all that is wrong is in the log") {
  ClusterProcess cluster;
  SlotwayProcess slotway(SLOTWAY_BINARY, cluster.seeds(), {}, "limits:\n  max_clients: 100\n");
  write(slotway.config_file(),
        "limits:\n  max_clients: 1\nworkerz: 2\nlog:\n  level: loud\nrequirepass: secret-word\n");
  slotway.signal(SIGHUP);
  wait_for_log(slotway, "configuration not reloaded (SIGHUP), nothing is changed: there are 2 problems\n");
  const std::string file = slotway.config_file();
  wait_for_log(slotway, file + ":3: workerz: is not a known key");
  wait_for_log(slotway, file + ":5: log.level: 'loud' is not one of the words known here");
  CHECK(reloads(slotway, "failed") >= 1);
  CHECK(reloads(slotway, "changed") == 0);
  TestClient client = slotway.client();
  TestClient other = slotway.client();
  CHECK(client.text({"SET", "a", "1"}) == "+OK");
  CHECK(other.text({"GET", "a"}) == "\"1\"");

  fs::remove(slotway.config_file());
  slotway.signal(SIGHUP);
  wait_for_log(slotway, file + ": cannot read the file: No such file or directory");
  write(slotway.config_file(), "limits:\n  max_clients: 50\n");
  wait_for_log(slotway, "configuration reloaded (a file has changed): limits.max_clients: 100 -> 50\n");
  CHECK(slotway.output().find("secret-word") == std::string::npos);
  CHECK(slotway.stop() == 0);
}

TEST_CASE("a password that is rotated as a mounted secret works, without a signal") {
  const kit::TempFolder secrets;
  mount_secret(secrets.path(), "..1", "password", "first-word\n");
  ClusterProcess cluster;
  SlotwayProcess slotway(SLOTWAY_BINARY, cluster.seeds(),
                         {"--requirepass-file", secrets.path() / "password"});
  TestClient early = slotway.client();
  CHECK(early.text({"AUTH", "first-word"}) == "+OK");
  mount_secret(secrets.path(), "..2", "password", "second-word\n");
  wait_for_log(slotway, "configuration reloaded (a file has changed): requirepass: changed\n");
  TestClient client = slotway.client();
  CHECK(client.text({"AUTH", "first-word"}).starts_with("-WRONGPASS"));
  CHECK(client.text({"AUTH", "second-word"}) == "+OK");
  CHECK(early.text({"SET", "a", "1"}) == "+OK");
  // Once more: the folder that is watched is another one now.
  mount_secret(secrets.path(), "..3", "password", "third-word\n");
  kit::wait_until("the third password works", kSoon, [&] {
    TestClient third = slotway.client();
    return third.text({"AUTH", "third-word"}) == "+OK";
  });
  CHECK(slotway.output().find("-word") == std::string::npos);
}

TEST_CASE("a password of the nodes that is rotated works for connections to come") {
  const kit::TempFolder folder;
  const fs::path file = folder.path() / "password";
  ClusterProcess cluster;
  const auto set_password = [&](const std::string& before, const std::string& password) {
    for (std::size_t i = 0; i < ClusterProcess::kNodes; ++i) {
      TestClient node = cluster.node(i).client();
      if (!before.empty()) REQUIRE(node.text({"AUTH", before}) == "+OK");
      REQUIRE(node.text({"CONFIG", "SET", "masterauth", password, "requirepass", password}) == "+OK");
    }
  };
  set_password("", "inner-1");
  write(file, "inner-1\n");
  SlotwayProcess slotway(SLOTWAY_BINARY, cluster.seeds(), {"--upstream-password-file", file});
  TestClient client = slotway.client();
  REQUIRE(client.text({"SET", "a", "1"}) == "+OK");

  set_password("inner-1", "inner-2");
  write(file, "inner-2\n");
  wait_for_log(slotway, "upstream.password: changed\n");
  for (std::size_t i = 0; i < ClusterProcess::kNodes; ++i) {
    TestClient node = cluster.node(i).client();
    REQUIRE(node.text({"AUTH", "inner-2"}) == "+OK");
    node.text({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
  }
  CHECK(client.text({"GET", "a"}) == "\"1\"");
  CHECK(client.text({"SET", "a", "2"}) == "+OK");
  CHECK(slotway.output().find("inner-") == std::string::npos);
}

TEST_CASE("a signal without any file to read is no end") {
  ProxiedCluster proxied;
  proxied.slotway.signal(SIGHUP);
  wait_for_log(proxied.slotway, "configuration reloaded (SIGHUP): nothing has changed\n");
  CHECK(reloads(proxied.slotway, "unchanged") == 1);
  CHECK(proxied.client().text({"SET", "a", "1"}) == "+OK");
}

}  // namespace slotway::integration
