// reply_scanner: cut into reads or whole, a stream gives the same replies and the same error; and for RESP2
// they are those of hiredis 0.14. The scanner differs from it on purpose:
//   - it knows RESP3, nests without limit, and takes arrays of up to 2^32 elements;
//   - it looks at no digit of an integer, which it only passes on;
//   - it refuses strings above 2^40 bytes, lengths of too many digits, and a '\r' without '\n' in a line.
// Input: one byte for the cuts, the stream.
#include <hiredis/read.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/reply_scanner.hpp"
#include "tests/fuzz/fuzz_input.hpp"

using namespace slotway::protocol;
using slotway::fuzz::require;

namespace {

struct Outcome {
  std::vector<std::size_t> ends;  // of the replies
  bool broken = false;            // by what follows them
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome scan(std::string_view stream, const std::vector<std::size_t>& reads) {
  Outcome outcome;
  ReplyScanner scanner;
  std::size_t begin = 0;
  for (const std::size_t end : reads) {
    while (true) {
      // A copy of just these bytes, so that a read beyond them is noticed.
      const std::string read(stream.substr(begin, end - begin));
      const ScanStatus status = scanner.scan(read);
      if (status == ScanStatus::need_more) break;
      if (status == ScanStatus::error) {
        outcome.broken = true;
        return outcome;
      }
      require(scanner.size() > 0 && scanner.size() <= read.size(), "a reply ends in what was read");
      begin += scanner.size();
      outcome.ends.push_back(begin);
      scanner.start();
    }
  }
  return outcome;
}

// A reader that builds nothing.
int object;
void* make_string(const redisReadTask*, char*, std::size_t) { return &object; }
void* make_array(const redisReadTask*, int) { return &object; }
void* make_integer(const redisReadTask*, long long) { return &object; }
void* make_nil(const redisReadTask*) { return &object; }
void free_object(void*) {}
redisReplyObjectFunctions kBuildNothing{make_string, make_array, make_integer, make_nil, free_object};

bool has_bare_return(std::string_view bytes) {
  for (std::size_t at = bytes.find('\r'); at < bytes.size(); at = bytes.find('\r', at + 1)) {
    if (at + 1 < bytes.size() && bytes[at + 1] != '\n') return true;
  }
  return false;
}

// Whether the scanner's narrower limits may be the reason why it refuses what hiredis takes or waits for.
bool may_refuse(std::string_view bytes) {
  if (has_bare_return(bytes)) return true;
  std::size_t digits = 0;
  for (const char c : bytes) {
    digits = c >= '0' && c <= '9' ? digits + 1 : 0;
    if (digits >= 10) return true;
  }
  const std::size_t line = bytes.rfind("\r\n");
  return bytes.size() - (line == std::string_view::npos ? 0 : line + 2) > 22;
}

// Whether hiredis's error is one that the scanner need not share.
bool is_known_difference(std::string_view error) {
  if (error.starts_with("Protocol error, got ")) {
    const std::string_view byte = error.substr(20);
    const std::string_view resp3[] = {"\"_\"", "\"#\"", "\",\"", "\"(\"", "\"!\"",
                                      "\"=\"", "\"%\"", "\"~\"", "\">\"", "\"|\""};
    return std::any_of(std::begin(resp3), std::end(resp3),
                       [&](auto known) { return byte.starts_with(known); });
  }
  return error == "Bad integer value" || error == "Multi-bulk length out of range" ||
         error.starts_with("No support for nested multi bulk");
}

void compare(std::string_view stream, const Outcome& ours) {
  const std::unique_ptr<redisReader, void (*)(redisReader*)> reader(
      redisReaderCreateWithFunctions(&kBuildNothing), redisReaderFree);
  redisReaderFeed(reader.get(), stream.data(), stream.size());
  std::size_t begin = 0;
  for (std::size_t i = 0;; ++i) {
    void* reply = nullptr;
    const int result = redisReaderGetReply(reader.get(), &reply);
    const bool we_have_one = i < ours.ends.size();
    if (result != REDIS_OK) {
      if (is_known_difference(reader->errstr)) return;
      require(!we_have_one && ours.broken, "what hiredis refuses is refused");
      return;
    }
    if (!reply) {
      require(!we_have_one, "no reply ends before hiredis sees its end");
      require(!ours.broken || may_refuse(stream.substr(begin)), "what hiredis waits for is waited for");
      return;
    }
    const std::size_t end = stream.size() - (reader->len - reader->pos);
    if (!we_have_one) {
      require(ours.broken && may_refuse(stream.substr(begin, end - begin)),
              "a reply that hiredis sees is seen");
      return;
    }
    require(ours.ends[i] == end, "a reply ends where hiredis sees its end");
    begin = end;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::uint8_t cuts = slotway::fuzz::take_byte(input);
  const Outcome whole = scan(input, {input.size()});
  require(scan(input, slotway::fuzz::cut(input, cuts)) == whole, "cuts change nothing");
  compare(input, whole);
  return 0;
}
