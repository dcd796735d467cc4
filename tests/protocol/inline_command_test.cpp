#include "protocol/inline_command.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

using namespace slotway::protocol;
using namespace std::string_literals;

namespace {

struct Row {
  std::string line;
  std::vector<std::string> words;
};

// Each as Redis 7.0's sdssplitargs splits it.
const Row kSplit[] = {
    {"", {}},
    {" \t\v\f\r\n ", {}},
    {"a", {"a"}},
    {"  a  b\tc ", {"a", "b", "c"}},
    {"a\rb\nc", {"a", "b", "c"}},
    // a vertical tab and a form feed are skipped before a word and end a quoted one, but do not end a plain
    // one
    {"\va\vb\fc d", {"a\vb\fc", "d"}},
    {"\"a\"\vb", {"a", "b"}},
    {"'a'\fb", {"a", "b"}},
    {"\"\"", {""}},
    {"''", {""}},
    {"'' \"\" ''", {"", "", ""}},
    {"\"a b\" 'c d'", {"a b", "c d"}},
    {"abc\"d e\"", {"abcd e"}},
    {"abc'd e' f", {"abcd e", "f"}},
    {R"("\n\r\t\b\a")", {"\n\r\t\b\a"}},
    {R"("\q\\\"\'")", {"q\\\"'"}},
    {R"("\x41\x00\xfF\xFf")", {"A\0\xff\xff"s}},
    {R"("\x4")", {"x4"}},
    {R"("\x4g")", {"x4g"}},
    {R"("\xg4")", {"xg4"}},
    {R"("\X41")", {"X41"}},
    {R"("\x")", {"x"}},
    {R"("a'b")", {"a'b"}},
    {R"('a"b')", {"a\"b"}},
    {R"('\'')", {"'"}},
    {R"('\n\x41\\ ')", {"\\n\\x41\\\\ "}},
    {R"(\n a\ b)", {"\\n", "a\\", "b"}},
    {"\\", {"\\"}},
    {"\xff\x80 \xc3\xa9", {"\xff\x80", "\xc3\xa9"}},
    // Redis never sees a NUL in a line; here it is a blank
    {"a\0b"s, {"a", "b"}},
};

const std::string kUnbalanced[] = {
    R"(")",    R"(')",      R"("a)",     R"('a)",     R"(a")",        R"(a')",      R"("a"b)",
    R"('a'b)", R"("a""b")", R"('a''b')", R"("a"'b')", R"('\')",       R"("\")",     R"("\)",
    R"('\)",   R"("\x4)",   R"("\x41)",  R"(ok "a)",  R"(ok 'a' "b)", R"(a"b"c d)", R"("a\" b")"s + "\"",
    "'a\0'b"s,
};

}  // namespace

TEST_CASE("Lines are split as Redis splits them") {
  for (const Row& row : kSplit) {
    CAPTURE(row.line);
    std::vector<std::string> words;
    CHECK(split_inline(row.line, words));
    CHECK(words == row.words);
  }
}

TEST_CASE("Quotes that do not close, or close inside a word, are unbalanced") {
  for (const std::string& line : kUnbalanced) {
    CAPTURE(line);
    std::vector<std::string> words;
    CHECK_FALSE(split_inline(line, words));
    // and the same with something before and blanks behind
    CHECK_FALSE(split_inline("get " + line + " \t", words));
  }
}

TEST_CASE("Words are appended") {
  std::vector<std::string> words{"first"};
  REQUIRE(split_inline("second", words));
  CHECK(words == std::vector<std::string>{"first", "second"});
}
