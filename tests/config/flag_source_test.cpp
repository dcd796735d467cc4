#include "config/flag_source.hpp"

#include <catch2/catch.hpp>

#include "tests/config/config_kit.hpp"

namespace slotway::config {
namespace {

FlagResult read(const Texts& flags) {
  std::vector<const char*> argv{"slotway"};
  for (const std::string& flag : flags) argv.push_back(flag.c_str());
  return read_flags(static_cast<int>(argv.size()), argv.data(), "1.2.3");
}

// "path=piece|piece" of each setting.
Texts settings_of(const FlagResult& result) {
  Texts out;
  for (const Setting& setting : result.source.settings) {
    std::string text(setting.option->path);
    for (const Setting::Piece& piece : setting.pieces)
      text += (&piece == setting.pieces.data() ? "=" : "|") + piece.text;
    out.push_back(text);
  }
  return out;
}

TEST_CASE("flags become settings, with a blank or an equals sign") {
  const auto result =
      read({"--upstream", "a:1,[::1]:2", "--listen=0.0.0.0:1", "--workers", "-1", "--check-config"});
  CHECK(settings_of(result) == Texts{"upstream.seeds=a:1|[::1]:2", "listen=0.0.0.0:1", "workers=-1"});
  CHECK(texts_of(result.source.problems) == Texts{});
  CHECK(result.check_config);
  CHECK_FALSE(result.config_file);
  CHECK_FALSE(result.print_and_exit);
}

TEST_CASE("flag --health is told beside the settings") {
  const auto result = read({"--health", "--admin", "a:1"});
  CHECK(result.health);
  CHECK(settings_of(result) == Texts{"admin=a:1"});
  CHECK_FALSE(read({"--admin", "a:1"}).health);
  CHECK(texts_of(read({"--healt"}).source.problems) ==
        Texts{"--healt: is not a known flag; did you mean --health?"});
}

TEST_CASE("flag --listen takes several addresses") {
  CHECK(settings_of(read({"--listen", "127.0.0.1:1,[::1]:1,unix:/run/a"})) ==
        Texts{"listen=127.0.0.1:1|[::1]:1|unix:/run/a"});
}

TEST_CASE("no flags, and no program name, are no problem") {
  CHECK(settings_of(read({})) == Texts{});
  CHECK(read_flags(0, nullptr, "1").source.problems.empty());
}

TEST_CASE("flag --config names the file") { CHECK(read({"--config", "x.yaml"}).config_file == "x.yaml"); }

TEST_CASE("every option but the passwords has its flag in --help, with its default") {
  for (const char* flag : {"--help", "-h"}) {
    const auto result = read({flag, "--nonsense", "--workers"});
    REQUIRE(result.print_and_exit);
    const std::string& help = *result.print_and_exit;
    for (const Option& option : options()) {
      CAPTURE(option.path);
      CHECK((help.find("  " + flag_name(option) + " ") == std::string::npos) == option.is_secret);
    }
    CHECK(help.find("clients at the same time (default 10000)") != std::string::npos);
    CHECK(help.find("No flag takes a password: every user of the machine can read a command line") !=
          std::string::npos);
    CHECK(help.ends_with("\n"));
  }
}

TEST_CASE("flag --version prints name and version") {
  CHECK(read({"--version"}).print_and_exit == "slotway 1.2.3\n");
}

TEST_CASE("every wrong flag is a problem") {
  const auto [flags, problems] = GENERATE(table<Texts, Texts>({
      {{"--lisen", "x", "--worker=2"},
       {"--lisen: is not a known flag; did you mean --listen?",
        "--worker: is not a known flag; did you mean --workers?"}},
      {{"--nonsense-flag", "-x", "--workers", "2"},
       {"--nonsense-flag: is not a known flag; see --help for the flags that exist",
        "-x: is not a known flag; see --help for the flags that exist"}},
      {{"127.0.0.1:7000"},
       {"command line: there is an argument that no flag asks for; put a flag such as --upstream in front of "
        "it"}},
      {{"--listen", "a:1", "--listen", "b:1"}, {"--listen: is given more than once; keep one of them"}},
      {{"--config", "a", "--config", "b"}, {"--config: is given more than once; keep one of them"}},
      {{"--nonsense-flag", "--listen"},
       {"--listen: has no value; write one behind it",
        "--nonsense-flag: is not a known flag; see --help for the flags that exist"}},
      {{"--config"}, {"--config: has no value; write one behind it"}},
  }));
  CHECK(texts_of(read(flags).source.problems) == problems);
}

TEST_CASE("a password on the command line is refused and not shown") {
  const Texts flags = GENERATE(Texts{"--requirepass", "s3cret"}, Texts{"--requirepass=s3cret"},
                               Texts{"--requirepass", "-s3cret"}, Texts{"--requirepass"});
  const auto result = read(flags);
  CHECK(settings_of(result) == Texts{});
  CHECK(
      texts_of(result.source.problems) ==
      Texts{
          "--requirepass: a password does not belong on the command line, where every user can read it; use "
          "--requirepass-file or SLOTWAY_REQUIREPASS"});
}

TEST_CASE("no way to misspell a password's flag shows it") {
  const Texts flags = GENERATE(Texts{"--requirepas", "s3cret"}, Texts{"--requirepas=s3cret"},
                               Texts{"-a", "s3cret"}, Texts{"-as3cret"}, Texts{"s3cret"},
                               Texts{"--requirepass", "x", "s3cret"}, Texts{"--check-config=s3cret"});
  const Texts problems = texts_of(read(flags).source.problems);
  CHECK_FALSE(problems.empty());
  for (const std::string& problem : problems) CHECK(problem.find("3cret") == std::string::npos);
}

}  // namespace
}  // namespace slotway::config
