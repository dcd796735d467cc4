// Which channels carry keyspace notifications: a node publishes those about its own keys to its own
// subscribers only, while an ordinary message goes to every node of the cluster. Pure; any thread.
// Source: Redis documentation, "Redis keyspace notifications" ("Events in a cluster"); notify.c.
#pragma once

#include <string_view>

namespace slotway::routing {

// __keyspace@0__:key and __keyevent@0__:event.
bool is_keyspace_channel(std::string_view channel);

// True unless no keyspace channel can match the pattern (PSUBSCRIBE's glob: * ? [] and \).
bool may_match_keyspace_channel(std::string_view pattern);

}  // namespace slotway::routing
