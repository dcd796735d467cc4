#include "protocol/reply_errors.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "protocol/reply_writer.hpp"
#include "protocol/request_parser.hpp"

using namespace slotway::protocol;
using namespace std::string_literals;

namespace {

// A request and the bytes under it.
class Request {
 public:
  explicit Request(const std::vector<std::string>& arguments) {
    write_array_header(bytes_, arguments.size());
    for (const std::string& argument : arguments) write_bulk(bytes_, argument);
    REQUIRE(parser_.parse(bytes_, {}, true) == ParseStatus::request);
  }
  RequestView view() const { return parser_.request(bytes_); }

 private:
  std::string bytes_;
  RequestParser parser_;
};

struct Row {
  std::vector<std::string> arguments;
  std::string error;
};

}  // namespace

TEST_CASE("Unknown commands are named with their first arguments") {
  const std::string x128(128, 'x');
  const Row rows[] = {
      {{"nosuch"}, "ERR unknown command 'nosuch', with args beginning with: "},
      {{"NoSuch", "a", "b"}, "ERR unknown command 'NoSuch', with args beginning with: 'a' 'b' "},
      {{"n\r\nx", "a\nb"}, "ERR unknown command 'n  x', with args beginning with: 'a b' "},
      {{""}, "ERR unknown command '', with args beginning with: "},
      {{"n\0m"s, "a\0b"s, "c"}, "ERR unknown command 'n', with args beginning with: 'a' 'c' "},
      // 128 characters of the name and of the arguments, then no more arguments
      {{x128 + "y"}, "ERR unknown command '" + x128 + "', with args beginning with: "},
      {{"n", x128 + "y", "z"}, "ERR unknown command 'n', with args beginning with: '" + x128 + "' "},
      {{"n", "a", x128, "z"},
       "ERR unknown command 'n', with args beginning with: 'a' '" + std::string(124, 'x') + "' "},
      {{"n", std::string(124, 'a'), "bcd", "z"},
       "ERR unknown command 'n', with args beginning with: '" + std::string(124, 'a') + "' 'b' "},
      {{"n", std::string(125, 'a'), "z"},
       "ERR unknown command 'n', with args beginning with: '" + std::string(125, 'a') + "' "},
  };
  for (const Row& row : rows) {
    const Request request(row.arguments);
    CHECK(errors::unknown_command(request.view()) == row.error);
  }
}

TEST_CASE("Unknown subcommands point to HELP") {
  const Row rows[] = {
      {{"object", "nosuch"}, "ERR unknown subcommand 'nosuch'. Try OBJECT HELP."},
      {{"XGroup", "a\r\nb", "x"}, "ERR unknown subcommand 'a  b'. Try XGROUP HELP."},
      {{"config", "a\0b"s}, "ERR unknown subcommand 'a'. Try CONFIG HELP."},
      {{"config", std::string(200, 's')},
       "ERR unknown subcommand '" + std::string(128, 's') + "'. Try CONFIG HELP."},
  };
  for (const Row& row : rows) {
    const Request request(row.arguments);
    CHECK(errors::unknown_subcommand(request.view()) == row.error);
  }
}

TEST_CASE("The other texts that name something") {
  CommandRow row;
  row.name = "config|get";
  CHECK(errors::wrong_arity(row) == "ERR wrong number of arguments for 'config|get' command");
  CHECK(errors::hello_option("foo") == "ERR Syntax error in HELLO option 'foo'");
  CHECK(errors::hello_option("a\r\nb\0c"s) == "ERR Syntax error in HELLO option 'a  b'");
  CHECK(errors::hello_option(std::string(300, 'o')) ==
        "ERR Syntax error in HELLO option '" + std::string(300, 'o') + "'");
  CHECK(errors::unsupported("SUB\nSCRIBE") == "ERR command 'SUB SCRIBE' is not supported by Slotway");
  CHECK(errors::unsupported_in_transaction("client|id") ==
        "ERR command 'client|id' is not supported by Slotway inside a transaction; send it before MULTI or "
        "after EXEC");
}
