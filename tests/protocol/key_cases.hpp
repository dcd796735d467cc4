// Requests and the places of their keys: what find_keys is to find, and, unless `server_differs`, what a
// server's COMMAND GETKEYS says too.
// Owner: constant data for tests. Invariant: the words of a request are separated by blanks; an empty one is
// "".
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace slotway::protocol {

struct KeyCase {
  std::string_view request;
  std::vector<std::uint32_t> keys;
  // COMMAND GETKEYS goes by the key specs alone where a node's check of the slot does not, takes no channel
  // for a key, and reads "1x" as 1, which the command itself then refuses.
  bool server_differs = false;
};

// The `keys` of a request for which find_keys says KeyError::invalid. (No key has index 0.)
inline const std::vector<std::uint32_t> kInvalidKeys = {0};

inline const std::vector<KeyCase> kKeyCases = {
    // Keys at fixed places.
    {"GET a", {1}},
    {"get \"\"", {1}},
    {"SET a 1 EX 10", {1}},
    {"PING a", {}},
    {"ECHO a", {}},
    {"COPY a b DB 0", {1, 2}},
    {"RENAME a b", {1, 2}},
    {"LCS a b LEN", {1, 2}},
    {"OBJECT ENCODING a", {2}},
    {"MEMORY USAGE a SAMPLES 5", {2}},
    {"XGROUP CREATE a g $ MKSTREAM", {2}},
    {"XINFO STREAM a FULL", {2}},
    {"SPUBLISH channel message", {1}, true},
    {"PUBLISH channel message", {}},
    {"OBJECT HELP", {}},
    {"LMOVE a b LEFT RIGHT", {1, 2}},
    {"ZRANGESTORE a b 0 1", {1, 2}},
    {"GEOSEARCHSTORE a b FROMMEMBER m BYRADIUS 1 m STOREDIST", {1, 2}},

    // Keys up to the end, duplicates and an odd rest included.
    {"DEL a", {1}},
    {"DEL a a b", {1, 2, 3}},
    {"MGET a b a", {1, 2, 3}},
    {"MSET a 1 b 2", {1, 3}},
    {"MSET a 1 b", {1, 3}},
    {"MSETNX a 1 a 2", {1, 3}},
    {"SDIFFSTORE d a b", {1, 2, 3}},
    {"PFMERGE d", {1}, true},
    {"PFMERGE d a b", {1, 2, 3}},
    {"PFCOUNT a b", {1, 2}},
    {"BITOP AND d a b", {2, 3, 4}},
    {"BLPOP a b 0", {1, 2}},
    {"BZPOPMIN a 0", {1}},
    {"WATCH a b", {1, 2}},

    // Keys behind their number.
    {"EVAL s 0", {}},
    {"EVAL s 0 x y", {}},
    {"EVAL s 2 a b x", {3, 4}},
    {"EVALSHA_RO s 1 a", {3}},
    {"FCALL f 3 a b a", {3, 4, 5}},
    {"ZUNION 2 a b WITHSCORES", {2, 3}},
    {"ZINTERSTORE d 2 a b WEIGHTS 1 2", {1, 3, 4}},
    {"SINTERCARD 2 a b LIMIT 1", {2, 3}},
    {"LMPOP 1 a LEFT", {2}},
    {"ZMPOP 2 a b MIN COUNT 3", {2, 3}},
    {"BLMPOP 0 2 a b LEFT", {3, 4}},

    // A number of keys that is none, or more than there are, is invalid.
    {"EVAL s abc a", kInvalidKeys},
    {"EVAL s \"\" a", kInvalidKeys},
    {"EVAL s -0 a", kInvalidKeys},
    {"EVAL s -1 a", kInvalidKeys},
    {"EVAL s +1 a", kInvalidKeys, true},
    {"EVAL s 01 a", kInvalidKeys, true},
    {"EVAL s 1.0 a", kInvalidKeys, true},
    {"EVAL s 1x a", kInvalidKeys, true},
    {"EVAL s 2 a", kInvalidKeys},
    {"EVAL s 1", kInvalidKeys},
    {"EVAL s 9223372036854775807 a", kInvalidKeys},
    {"EVAL s 99999999999999999999 a", kInvalidKeys},
    {"EVAL s 18446744073709551617 a", kInvalidKeys, true},
    {"ZUNION 0 a", kInvalidKeys},
    {"ZUNION 3 a b", kInvalidKeys},
    {"ZUNIONSTORE d 0 a", kInvalidKeys},
    {"ZUNIONSTORE d b a", kInvalidKeys},
    {"SINTERCARD 0 a", kInvalidKeys},
    {"LMPOP 2 a LEFT", {2, 3}},  // LEFT taken for a key, as Redis does
    {"LMPOP 3 a LEFT", kInvalidKeys},

    // Streams behind STREAMS: the first half of what is left.
    {"XREAD STREAMS a 0", {2}},
    {"XREAD COUNT 2 streams a b 0 0", {4, 5}},
    {"XREAD COUNT 2 BLOCK 0 STREAMS a $", {6}},
    {"XREAD STREAMS streams 0", {2}},
    {"XREAD STREAMS STREAMS STREAMS 0 0", {2, 3}},
    {"XREAD STREAMS a b 0", {2}},
    {"XREAD COUNT 2 a", {}},
    {"XREAD a b STREAMS", {}},
    {"XREAD COUNT STREAMS STREAMS a 0", {4}, true},
    {"XREADGROUP GROUP g c STREAMS a >", {5}},
    {"XREADGROUP GROUP streams c STREAMS a >", {5}},
    {"XREADGROUP GROUP g streams COUNT 1 NOACK STREAMS a b > >", {8, 9}},
    {"XREADGROUP COUNT 1 GROUP streams c STREAMS a >", {7}, true},
    {"XREADGROUP GROUP g c COUNT 1 a", {}},
    {"XREAD COUNT 1 STREAMS a", {}},

    // A STORE option's key, where its word may be another option's argument.
    {"SORT a", {1}},
    {"SORT a STORE d", {1, 3}},
    {"SORT a store d DESC", {1, 3}},
    {"SORT a BY w_* LIMIT 0 5 GET # GET o_* DESC ALPHA Store d", {1, 14}},
    {"SORT a STORE d STORE e", {1, 5}},
    {"SORT a BY store", {1}},
    {"SORT a BY store STORE d", {1, 5}},
    {"SORT a GET store DESC", {1}},
    {"SORT a LIMIT store store STORE d", {1, 6}},
    {"SORT a STORE by STORE d", {1, 3}},
    {"SORT a STORE store", {1, 3}},
    {"SORT a STORE", {1}},
    {"SORT store", {1}},
    {"SORT_RO a BY store GET x", {1}},
    {"GEORADIUS a 1 2 3 km", {1}},
    {"GEORADIUS a 1 2 3 km WITHDIST COUNT 2 STORE d", {1, 10}},
    {"GEORADIUS a 1 2 3 km STOREDIST d", {1, 7}},
    {"GEORADIUS a 1 2 3 km STOREDIST store", {1, 7}},
    {"GEORADIUS a 1 2 3 km STOREDIST store COUNT 1", {1, 7}, true},
    {"GEORADIUS a 1 2 3 km STORE storedist", {1, 7}},
    {"GEORADIUS a 1 2 3 km STORE", {1}},
    {"GEORADIUSBYMEMBER a store 3 km STORE d", {1, 6}},
    {"GEORADIUSBYMEMBER a m 3 km ASC storedist d", {1, 7}},
    {"GEORADIUS_RO a 1 2 3 km COUNT 2", {1}},

    // MIGRATE's KEYS is searched from the end; the empty word that it wants instead of a key is taken for
    // one.
    {"MIGRATE h 1 a 0 100", {3}},
    {"MIGRATE h 1 \"\" 0 100 COPY KEYS a b", {3, 8, 9}, true},
    {"MIGRATE h 1 KEYS 0 100 KEYS KEYS", {3, 7}, true},
};

}  // namespace slotway::protocol
