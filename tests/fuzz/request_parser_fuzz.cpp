// request_parser: cut into reads or whole, a stream gives the same requests, the same error and the same
// rest. Input: one byte of limits (bit 0: logged in, bit 1: default limits), one byte for the cuts, the
// stream.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/request_parser.hpp"
#include "tests/fuzz/fuzz_input.hpp"

using namespace slotway::protocol;
using slotway::fuzz::require;

namespace {

struct Outcome {
  std::vector<std::string> requests;  // as they would be forwarded
  std::string error;
  std::size_t left = 0;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

ParseLimits limits_of(bool defaults) {
  ParseLimits limits;
  if (defaults) return limits;
  limits.max_bulk_bytes = 20;
  limits.max_request_bytes = 60;
  limits.max_arguments = 4;
  return limits;
}

void check_view(const RequestView& view) {
  const std::string_view bytes = view.bytes();
  require(view.argc() > 0, "a request has a name");
  std::size_t raw = bytes.find('\r') + 2;
  for (std::size_t i = 0; i < view.argc(); ++i) {
    const std::string_view argument = view.arg(i);
    const std::string_view on_wire = view.raw_arg(i);
    require(on_wire.data() == bytes.data() + raw, "arguments follow each other without a gap");
    require(argument.data() >= on_wire.data() && argument.size() + 5 <= on_wire.size(),
            "an argument stands in its wire form");
    raw += on_wire.size();
  }
  require(raw == bytes.size(), "the last argument ends the request");

  // What is forwarded is understood by the next parser as it was here.
  RequestParser next;
  ParseLimits most;
  most.max_bulk_bytes = most.max_request_bytes = 1u << 30;
  require(next.parse(bytes, most, true) == ParseStatus::request, "a forwarded request is a request");
  require(next.size() == bytes.size(), "a forwarded request is one request");
  const RequestView again = next.request(bytes);
  require(again.argc() == view.argc(), "a forwarded request has as many arguments");
  for (std::size_t i = 0; i < view.argc(); ++i) {
    require(again.arg(i) == view.arg(i), "a forwarded request has the same arguments");
  }
}

Outcome run(std::string_view stream, const std::vector<std::size_t>& ends, const ParseLimits& limits,
            bool authenticated) {
  Outcome outcome;
  RequestParser parser;
  std::size_t begin = 0;
  for (const std::size_t end : ends) {
    while (true) {
      // A copy of just these bytes, so that a read beyond them is noticed.
      const std::string read(stream.substr(begin, end - begin));
      const ParseStatus status = parser.parse(read, limits, authenticated);
      if (status == ParseStatus::need_more) {
        require(parser.wanted(read.size()) <= limits.max_request_bytes + 2,
                "no more is wanted than is allowed");
        break;
      }
      if (status == ParseStatus::error) {
        outcome.error = parser.error_text();
        require(!outcome.error.empty(), "an error has a text");
        return outcome;
      }
      require(parser.size() > 0 && parser.size() <= read.size(), "a request ends in what was read");
      if (status == ParseStatus::request) {
        check_view(parser.request(read));
        outcome.requests.emplace_back(parser.request(read).bytes());
      }
      begin += parser.size();
      parser.start();
    }
  }
  outcome.left = stream.size() - begin;
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::uint8_t choices = slotway::fuzz::take_byte(input);
  const std::uint8_t cuts = slotway::fuzz::take_byte(input);
  const bool authenticated = choices & 1;
  const ParseLimits limits = limits_of(choices & 2);
  const Outcome whole = run(input, {input.size()}, limits, authenticated);
  require(run(input, slotway::fuzz::cut(input, cuts), limits, authenticated) == whole, "cuts change nothing");
  return 0;
}
