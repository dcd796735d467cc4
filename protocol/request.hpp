// One client request as views into the bytes it came in: valid until the buffer behind it moves.
// Owner: the parser's caller. Thread: that of the buffer. Invariant: every argument lies inside `bytes`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace slotway::protocol {

// An argument's payload, relative to the request's first byte. The header "$len\r\n" stands before
// `header`..`offset`.
struct Argument {
  std::uint32_t header;  // where its '$' stands
  std::uint32_t offset;  // where its payload starts
  std::uint32_t size;    // payload bytes
};

class RequestView {
 public:
  RequestView() = default;
  RequestView(const char* data, std::size_t size, std::span<const Argument> arguments)
      : data_(data), size_(size), arguments_(arguments) {}

  std::size_t argc() const { return arguments_.size(); }
  // The payload of argument i; 0 is the command's name.
  std::string_view arg(std::size_t i) const { return {data_ + arguments_[i].offset, arguments_[i].size}; }
  // The argument as it is on the wire: "$len\r\npayload\r\n".
  std::string_view raw_arg(std::size_t i) const { return raw_args(i, 1); }
  // `count` arguments from i on, as they are on the wire. REQUIRES: i + count <= argc().
  std::string_view raw_args(std::size_t i, std::size_t count) const {
    const Argument& last = arguments_[i + count - 1];
    return {data_ + arguments_[i].header, last.offset + last.size + 2 - arguments_[i].header};
  }
  // The whole request as a RESP array, ready to be forwarded.
  std::string_view bytes() const { return {data_, size_}; }

 private:
  const char* data_ = nullptr;
  std::size_t size_ = 0;
  std::span<const Argument> arguments_;
};

}  // namespace slotway::protocol
