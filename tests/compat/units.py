"""Which of Redis's units are run, and which of their tests are left out by the tags that upstream gave them."""

UNITS = [
    "type/string",
    "type/incr",
    "type/list",
    "type/list-3",
    "type/set",
    "type/zset",
    "type/hash",
    "type/stream",
    "type/stream-cgroups",
    "keyspace",
    "scan",
    "expire",
    "sort",
    "bitops",
    "bitfield",
    "geo",
    "hyperloglog",
    "dump",
    "scripting",
    "functions",
    "multi",
    "pubsub",
    "pubsubshard",
    "protocol",
    "tracking",
    "introspection",
    "introspection-2",
    "info-command",
    "pause",
    "quit",
    "other",
]

# Left out by --fast, which .ci/run calls: those that wait long, or do very much.
LONG_UNITS = [
    "type/list",
    "type/list-3",
    "type/stream",
    "scan",
    "sort",
    "geo",
    "hyperloglog",
    "dump",
    "tracking",
    "introspection",
    "introspection-2",
    "pause",
]

FAST_UNITS = [unit for unit in UNITS if unit not in LONG_UNITS]

# slow and what an ordinary server does not allow or have: DEBUG, replicas, saving, its memory limit, its statistics.
LEFT_OUT_TAGS = [
    "slow",
    "needs:debug",
    "needs:repl",
    "needs:save",
    "needs:config-maxmemory",
    "needs:config-resetstat",
    "needs:pfdebug",
    "needs:latency",
]



def known_unit(name):
    """The unit's name as it stands above, with or without `unit/` in front; None if it is not run here."""
    short = name.removeprefix("unit/")
    return short if short in UNITS else None
