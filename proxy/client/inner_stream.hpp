// What a client that is Slotway itself has in the place of a socket: its bytes stay in the process. Owner:
// who asks, for as long as the session. Thread: worker.
#pragma once

#include <algorithm>
#include <cstring>
#include <span>
#include <string>

#include "proxy/socket_io.hpp"

namespace slotway::proxy {

struct InnerStream {
  std::string in;         // what is asked
  std::size_t taken = 0;  // of it, by the session
  std::string out;        // what was answered
  bool closed = false;    // by the session, which is about to go

  std::size_t pending() const { return in.size() - taken; }
  // For the session, as read_some().
  IoResult read(std::span<char> buffer) {
    const std::size_t count = std::min(buffer.size(), in.size() - taken);
    std::memcpy(buffer.data(), in.data() + taken, count);
    taken += count;
    // Even one that is never empty does not grow by what was taken.
    if (taken * 2 >= in.size()) {
      in.erase(0, taken);
      taken = 0;
    }
    return {count == buffer.size() && count > 0 ? IoStatus::ok : IoStatus::would_block, count};
  }
};

}  // namespace slotway::proxy
