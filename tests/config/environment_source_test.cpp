#include "config/environment_source.hpp"

#include <catch2/catch.hpp>

#include "tests/config/config_kit.hpp"

namespace slotway::config {
namespace {

TEST_CASE("what Kubernetes makes up for a Service is ignored") {
  const auto [name, value, is_ignored] = GENERATE(table<std::string, std::string, bool>({
      {"SLOTWAY_SERVICE_HOST", "10.0.0.1", true},
      {"SLOTWAY_SERVICE_PORT", "6380", true},
      {"SLOTWAY_SERVICE_PORT_REDIS", "6380", true},
      {"SLOTWAY_PORT", "tcp://10.0.0.1:6380", true},
      {"SLOTWAY_PORT", "udp://10.0.0.1:6380", true},
      {"SLOTWAY_PORT_6380_TCP", "tcp://10.0.0.1:6380", true},
      {"SLOTWAY_PORT_6380_TCP_PROTO", "tcp", true},
      {"SLOTWAY_PORT_6380_TCP_PORT", "6380", true},
      {"SLOTWAY_PORT_6380_TCP_ADDR", "10.0.0.1", true},
      {"SLOTWAY_ADMIN_SERVICE_HOST", "10.0.0.2", true},
      {"SLOTWAY_ADMIN_PORT_9380_TCP_ADDR", "10.0.0.2", true},
      {"SLOTWAY_PORT", "6380", false},
      {"SLOTWAY_PORT_TCP", "1", false},
      {"SLOTWAY_PORT_6380_TCP_X", "1", false},
      {"SLOTWAY_PORT_6380", "1", false},
      {"SLOTWAY_LISTN", "127.0.0.1:1", false},
      {"OTHER_SERVICE_HOST", "10.0.0.1", false},
  }));
  CAPTURE(name, value);
  CHECK(is_kubernetes_variable(name, value) == is_ignored);
  const auto result = read_environment({{name, value}});
  CHECK(result.source.problems.empty() == (is_ignored || name.starts_with("OTHER")));
  CHECK(result.source.settings.empty());
}

TEST_CASE("an unknown SLOTWAY_ variable is a problem that suggests a known one") {
  const auto result = read_environment({{"SLOTWAY_LIMITS_MAXCLIENTS", "s3cret"},
                                        {"SLOTWAY_NONSENSE", "s3cret"},
                                        {"SLOTWAYX", "1"},
                                        {"PATH", "/bin"}});
  CHECK(texts_of(result.source.problems) ==
        Texts{"SLOTWAY_LIMITS_MAXCLIENTS: is not a known variable; did you mean SLOTWAY_LIMITS_MAX_CLIENTS?",
              "SLOTWAY_NONSENSE: is not a known variable; unset it, or see slotway.example.yaml for the "
              "options"});
}

TEST_CASE("a list's variable is separated by commas, and SLOTWAY_CONFIG names the file") {
  const auto result = read_environment({{"SLOTWAY_UPSTREAM", "a:1,b:2"}, {"SLOTWAY_CONFIG", "/x.yaml"}});
  CHECK(result.config_file == "/x.yaml");
  REQUIRE(result.source.settings.size() == 1);
  const Setting& seeds = result.source.settings.front();
  CHECK(seeds.option->path == "upstream.seeds");
  REQUIRE(seeds.pieces.size() == 2);
  CHECK(seeds.pieces[0].text == "a:1");
  CHECK(seeds.pieces[1].text == "b:2");
}

TEST_CASE("environment_map splits at the first equals sign") {
  const char* const raw[] = {"A=1", "B=x=y", "C=", "broken", nullptr};
  CHECK(environment_map(raw) == Environment{{"A", "1"}, {"B", "x=y"}, {"C", ""}});
}

}  // namespace
}  // namespace slotway::config
