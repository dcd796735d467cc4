// What a client has said about itself, and what it may do: plain data.
// Owner: a ClientSession. Thread: worker.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "routing/session_facts.hpp"

namespace slotway::proxy {

struct SessionState {
  std::uint64_t id = 0;          // unique in the process, as CLIENT ID
  std::string name;              // CLIENT SETNAME
  std::string user = "default";  // that it has logged in as
  std::string lib_name;          // CLIENT SETINFO LIB-NAME
  std::string lib_version;
  routing::SessionFacts facts;
  bool reply_off = false;   // CLIENT REPLY OFF
  bool skip_reply = false;  // CLIENT REPLY SKIP: the next request has no reply
  bool no_evict = false;    // CLIENT NO-EVICT: shown, nothing is evicted here
  bool readonly = false;    // READONLY: shown
  // Where its transaction, or what it watches, is: the number of the upstream. Kept by a PrefixRouter.
  std::optional<std::uint16_t> bound;
};

}  // namespace slotway::proxy
