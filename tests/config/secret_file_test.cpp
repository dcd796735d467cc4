#include "config/secret_file.hpp"

#include <catch2/catch.hpp>

#include "tests/config/config_kit.hpp"

namespace slotway::config {
namespace {

TEST_CASE("a secret is the first line, or the second word of requirepass") {
  const auto [content, secret] = GENERATE(table<std::string, std::string>({
      {"secret", "secret"},
      {"secret\n", "secret"},
      {"secret\r\n", "secret"},
      {"secret\nsecond line\n", "secret"},
      {" two  words ", " two  words "},
      {"requirepass", "requirepass"},
      {"requirepassword x", "requirepassword x"},
      {"requirepass secret\nmasterauth secret\n", "secret"},
      {"  REQUIREPASS\t secret  \r\n", "secret"},
      {"requirepass \"a b\"", "a b"},
      {"requirepass 'a b'", "a b"},
      {"requirepass \"\\x41\\n\\t\\\"\\\\\"", "A\n\t\"\\"},
      {"requirepass \"\\xg\"", "xg"},
      {"requirepass 'it\\'s \\n'", "it's \\n"},
  }));
  CAPTURE(content);
  CHECK(parse_secret(content) == Parsed<std::string>(secret));
}

TEST_CASE("a file that holds no secret is complained about without quoting it") {
  const auto [content, what] = GENERATE(table<std::string, std::string>({
      {"", "its first line is empty"},
      {"\nsecret\n", "its first line is empty"},
      {"  \t\n", "its first line is empty"},
      {"requirepass a b", "its first line is not `requirepass PASSWORD`"},
      {"requirepass \"a", "its first line is not `requirepass PASSWORD`"},
      {"requirepass \"a\"b", "its first line is not `requirepass PASSWORD`"},
      {"requirepass \"\"", "its first line is not `requirepass PASSWORD`"},
      {"requirepass \"a\\", "its first line is not `requirepass PASSWORD`"},
  }));
  CAPTURE(content);
  const auto parsed = parse_secret(content);
  REQUIRE(std::holds_alternative<Complaint>(parsed));
  CHECK(std::get<Complaint>(parsed).what == what);
}

TEST_CASE("a secret file that cannot be read says why") {
  const ConfigFolder folder;
  const std::string missing = folder.path("x");
  CHECK(read_secret_file(missing) ==
        Parsed<std::string>(Complaint{"cannot read '" + missing + "': No such file or directory",
                                      "check the path, and that Slotway's user may read it", true}));
  const auto large = read_secret_file(folder.write("large", std::string(65537, 's')));
  REQUIRE(std::holds_alternative<Complaint>(large));
  CHECK(std::get<Complaint>(large).what.ends_with(": it is larger than 65536 bytes"));
  const auto directory = read_secret_file("/");
  REQUIRE(std::holds_alternative<Complaint>(directory));
  CHECK(std::get<Complaint>(directory).what == "cannot read '/': Is a directory");
}

}  // namespace
}  // namespace slotway::config
