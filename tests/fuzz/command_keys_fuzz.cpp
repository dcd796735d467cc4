// command_keys: for every request that a command's arity allows, its keys are arguments of the request.
// Input: requests as a client sends them, arrays or lines.
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "protocol/command_keys.hpp"
#include "protocol/command_table.hpp"
#include "protocol/request_parser.hpp"
#include "tests/fuzz/fuzz_input.hpp"

using namespace slotway::protocol;
using slotway::fuzz::require;

namespace {

void check_keys(const RequestView& request, std::vector<std::uint32_t>& keys) {
  const CommandRow* row = find_command(request.arg(0));
  if (row && row->service == Service::container) {
    row = request.argc() > 1 ? find_subcommand(*row, request.arg(1)) : nullptr;
  }
  if (!row || !row->arity_ok(request.argc())) return;
  const KeyError error = find_keys(*row, request, keys);
  require(error == KeyError::none || keys.empty(), "invalid arguments have no keys");
  require(keys.size() < request.argc(), "no more keys than arguments");
  for (const std::uint32_t key : keys) require(key > 0 && key < request.argc(), "a key is an argument");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  RequestParser parser;
  std::vector<std::uint32_t> keys;
  while (true) {
    const ParseStatus status = parser.parse(input, {}, true);
    if (status == ParseStatus::need_more || status == ParseStatus::error) return 0;
    if (status == ParseStatus::request) check_keys(parser.request(input), keys);
    input.remove_prefix(parser.size());
    parser.start();
  }
}
