#!/usr/bin/env python3
"""Writes protocol/command_rows.inc from a redis-server's COMMAND reply and the decisions below.

Usage: generate_command_table.py HOST:PORT           writes the file, and docs/commands.md from it
       generate_command_table.py HOST:PORT --check   compares only; exit code 1 and a diff if it differs

Names, arity, flags, key specs, subcommands and groups are the server's; how Slotway serves a command is
decided here, by the first of these that fits: SERVICE; a blocking or admin command is unsupported; a HELP is
sent to any node; a command with subcommands is a container; one with key specs goes by key; the rest is
unsupported.
"""
import argparse
import difflib
import pathlib
import re
import socket
import subprocess
import sys

TARGET = pathlib.Path(__file__).resolve().parent.parent / "protocol" / "command_rows.inc"
DOCS = pathlib.Path(__file__).resolve().parent / "generate_command_docs.py"

# ---- our decisions ----

# Answered by the proxy: command -> LocalCommand.
LOCAL = {name: name.replace("|", "_").replace("-", "_") for name in (
    "ping echo quit reset select time role auth hello info readonly readwrite asking"
    " client|id client|getname client|setname"
    " client|info client|list client|kill client|pause client|unpause client|unblock client|reply"
    " client|no-evict client|no-touch client|setinfo"
    " client|getredir client|trackinginfo client|tracking client|caching"
    " cluster|slots cluster|shards cluster|nodes cluster|info cluster|myid cluster|keyslot"
    " acl|whoami acl|users acl|list acl|getuser"
    " pubsub|channels pubsub|numsub pubsub|numpat pubsub|shardchannels pubsub|shardnumsub"
    " monitor multi exec discard watch unwatch").split()}

# Sent to every primary: command -> how their replies become one.
BROADCAST = {
    **{name: "all_ok" for name in (
        "flushall flushdb script|flush function|flush function|restore"
        " config|resetstat config|rewrite slowlog|reset memory|purge save").split()},
    **{name: "sum" for name in "dbsize slowlog|len latency|reset".split()},
    **{name: "first" for name in "script|load function|load bgsave bgrewriteaof".split()},
    "keys": "concat",
    "lastsave": "least",
    "info": "info",
    "slowlog|get": "slowlog",
    **{f"latency|{name}": f"latency_{name}" for name in "latest history histogram".split()},
    "memory|stats": "memory_stats",
    **{name: "node_texts" for name in (
        "memory|doctor memory|malloc-stats latency|doctor latency|graph").split()},
    **{name: "any_ok" for name in "script|kill function|kill".split()},
    "script|exists": "logical_and",
    "function|delete": "ok_or_absent",
    "function|stats": "running",
    "randomkey": "weighted",
}

# Taken by the worker's subscriptions, which tell them apart by their LocalCommand.
SUBSCRIPTIONS = "subscribe unsubscribe psubscribe punsubscribe ssubscribe sunsubscribe".split()
LOCAL.update({name: name for name in SUBSCRIPTIONS})

# The server keeps this flag to itself (server.c, addReplyFlagsForCommand).
MAY_REPLICATE = "eval evalsha fcall publish spublish pfcount".split()

SERVICE = {
    **{name: "local" for name in LOCAL},
    **{name: "transaction" for name in "multi exec discard watch unwatch".split()},
    **{name: "blocking" for name in (
        "blpop brpop blmove brpoplpush blmpop bzpopmin bzpopmax bzmpop").split()},
    **{name: "subscription" for name in SUBSCRIPTIONS},
    **{name: "any_node" for name in (
        "command command|count command|docs command|getkeys command|getkeysandflags command|info command|list"
        " publish lolwut acl|cat acl|genpass swapdb pfselftest"
        " function|list function|dump module|list").split()},
    **{name: "broadcast" for name in BROADCAST},
    **{name: "flush" for name in "flushall flushdb".split()},
    "scan": "scan",
    "config|get": "settings",
    "config|set": "change_settings",
    "debug": "debug",
    "wait": "wait",
    # Each names a slot, and only the node that serves it knows.
    **{name: "by_slot" for name in "cluster|countkeysinslot cluster|getkeysinslot".split()},
    # They carry the blocking flag only for an optional argument.
    **{name: "by_key" for name in "xread xreadgroup".split()},
    # They have keys, but also a state on their connection, or they speak to one node's neighbours.
    **{name: "unsupported" for name in (
        "migrate restore-asking").split()},
}

# How the replies of a command that is split over slots, or sent to all, become one.
MERGE = {"mget": "by_position", "mset": "all_ok", "xread": "streams", "xreadgroup": "streams", "wait": "least",
         "config|set": "all_ok", "debug": "first",
         "del": "sum", "unlink": "sum", "exists": "sum", "touch": "sum", **BROADCAST,
         # Asked of the nodes only while one of them runs a script for long: what they refuse, it has to say.
         "ping": "first"}
SPLIT_STEP = {"mset": 2}

# What has to do with the scripts that a server knows by their sha.
SCRIPT_USE = {"evalsha": "by_sha", "evalsha_ro": "by_sha", "script|exists": "by_sha", "script|load": "load",
              "script|flush": "flush"}

# Where the time to wait stands, for commands that always may: argument 1, or else the last one.
BLOCK_AT = {"blmpop": 1, "bzmpop": 1}

# Families are the groups of COMMAND DOCS, with the smallest ones joined.
FAMILY_OF_GROUP = {"sorted-set": "sorted_set", "transactions": "generic", "cluster": "server"}

# Key specs that the server leaves unknown or describes too simply: an option's word may also be an argument
# of another option (SORT k BY store), and Redis's own search, which a node checks the slot with, knows that.
# command -> what to change in its keyword specs: skips = words that take arguments, with their number;
# last_wins = the keyword's last occurrence counts; at = where the search starts.
GEO_OPTIONS = {"skips": {"STORE": 1, "STOREDIST": 1, "COUNT": 1}, "last_wins": True}
STREAM_OPTIONS = {"skips": {"GROUP": 2, "BLOCK": 1, "COUNT": 1}, "at": 1}
OPTIONS = {
    "sort": {"skips": {"LIMIT": 2, "GET": 1, "BY": 1}, "last_wins": True},
    "georadius": GEO_OPTIONS,
    "georadiusbymember": GEO_OPTIONS,
    "xread": STREAM_OPTIONS,
    "xreadgroup": STREAM_OPTIONS,
}
UNKNOWN_SPECS = {
    "sort": [{"keyword": "STORE", "at": 2, "find": "range", "last": 0, "step": 1, "limit": 0}],
    "sort_ro": [],
}

# Of newer servers (7.2), but Slotway's own to answer whatever is behind it, in the form of COMMAND's rows.
NEWER = {
    "client": [[f"client|{name}", arity, ["noscript", "loading", "stale"], 0, 0, 0, [], [], [], []]
               for name, arity in (("no-touch", 3), ("setinfo", 4))],
}

FLAGS = {
    "write": "kWrite", "readonly": "kReadonly", "blocking": "kBlocking", "movablekeys": "kMovableKeys",
    "no_auth": "kNoAuth", "pubsub": "kPubSub", "admin": "kAdmin", "no_multi": "kNoMulti",
    "noscript": "kNoScript", "denyoom": "kDenyOom", "loading": "kLoading", "stale": "kStale", "fast": "kFast",
    "skip_monitor": "kSkipMonitor", "skip_slowlog": "kSkipSlowlog", "asking": "kAsking",
    "may_replicate": "kMayReplicate", "no_async_loading": "kNoAsyncLoading",
    "no_mandatory_keys": "kNoMandatoryKeys", "allow_busy": "kAllowBusy",
}


# ---- the server ----

class Server:
    """A connection: sends one command, returns its reply; maps are flat lists, as in RESP2."""

    def __init__(self, host, port):
        self.socket = socket.create_connection((host, port), timeout=10)
        self.stream = self.socket.makefile("rb")

    def ask(self, *words):
        parts = [f"*{len(words)}\r\n"] + [f"${len(word)}\r\n{word}\r\n" for word in words]
        self.socket.sendall("".join(parts).encode())
        return self.read()

    def read(self):
        line = self.stream.readline()[:-2].decode()
        kind, rest = line[0], line[1:]
        if kind == "-":
            raise RuntimeError(rest)
        if kind == "$":
            return None if rest == "-1" else self.stream.read(int(rest) + 2)[:-2].decode()
        if kind == "*":
            return [self.read() for _ in range(int(rest))]
        return int(rest) if kind == ":" else rest


def pairs(flat):
    """A dict of the flat list [key, value, ...]."""
    return dict(zip(flat[::2], flat[1::2]))


# ---- from the server's rows to ours ----

def key_specs(name, server_specs):
    """The specs as dicts with the fields of KeySpec; an index spec's keyword is empty."""
    specs = []
    for spec in map(pairs, server_specs):
        begin, find = pairs(spec["begin_search"]), pairs(spec["find_keys"])
        begin_spec, find_spec = pairs(begin["spec"]), pairs(find["spec"])
        if begin["type"] == "unknown" or find["type"] == "unknown":
            if name not in UNKNOWN_SPECS:
                raise RuntimeError(f"{name}: an unknown key spec; decide in UNKNOWN_SPECS")
            continue
        specs.append({
            "keyword": begin_spec.get("keyword", "").upper(),
            "at": begin_spec["index"] if begin["type"] == "index" else begin_spec["startfrom"],
            "find": find["type"], "last": find_spec.get("lastkey", 0), "step": find_spec["keystep"],
            "limit": find_spec.get("limit", 0), "keynum": find_spec.get("keynumidx", 0),
            "first": find_spec.get("firstkey", 0)})
    return [with_options(name, spec) for spec in specs + UNKNOWN_SPECS.get(name, [])]


def with_options(name, spec):
    """The spec with the words its keyword search passes over."""
    if not spec["keyword"] or name not in OPTIONS:
        return spec
    skips = {word: count for word, count in OPTIONS[name]["skips"].items() if word != spec["keyword"]}
    return {**spec, **OPTIONS[name], "skips": skips}


def service(name, flags, specs, subcommands):
    if name in SERVICE:
        return SERVICE[name]
    if "blocking" in flags or "admin" in flags:
        return "unsupported"
    if name.endswith("|help"):
        return "any_node"
    if subcommands:
        return "container"
    return "by_key" if specs else "unsupported"


# ---- C++ text ----

class Constants:
    """Arrays shared by several rows: each distinct text is defined once."""

    def __init__(self, type_name, prefix):
        self.type_name, self.prefix, self.names = type_name, prefix, {}

    def name(self, text):
        return self.names.setdefault(text, f"{self.prefix}{len(self.names) + 1}")

    def lines(self):
        return [f"constexpr {self.type_name} {name}[] = {{{text}}};" for text, name in self.names.items()]


class Writer:
    def __init__(self, groups):
        self.groups = groups
        self.skips = Constants("OptionSkip", "kSkips")
        self.specs = Constants("KeySpec", "kKeys")
        self.subcommand_arrays = []

    def spec_text(self, spec):
        fields = []
        if spec["keyword"]:
            begin = "last_keyword" if spec.get("last_wins") else "keyword"
            fields += [f".begin = KeySpec::Begin::{begin}", f".begin_at = {spec['at']}",
                       f'.keyword = "{spec["keyword"]}"']
            if spec.get("skips"):
                skips = ", ".join(f'{{"{word}", {count}}}' for word, count in spec["skips"].items())
                fields.append(f".skips = {self.skips.name(skips)}")
        else:
            fields += [".begin = KeySpec::Begin::index", f".begin_at = {spec['at']}"]
        fields.append(f".find = KeySpec::Find::{spec['find']}")
        if spec["find"] == "range":
            fields += [f".last = {spec['last']}", f".step = {spec['step']}"]
            fields += [f".limit = {spec['limit']}"] if spec["limit"] else []
        else:
            fields += [f".step = {spec['step']}", f".keynum_at = {spec['keynum']}",
                       f".first = {spec['first']}"]
        return "{" + ", ".join(fields) + "}"

    def row(self, reply):
        name, arity, flags, server_specs, subcommands = reply[0], reply[1], reply[2], reply[8], reply[9]
        group = self.groups[name.split("|")[0]]
        specs = key_specs(name, server_specs)
        fields = [f'.name = "{name}"', f".arity = {arity}"]
        if set(flags) - set(FLAGS):
            raise RuntimeError(f"{name}: unknown flags {set(flags) - set(FLAGS)}")
        if name in MAY_REPLICATE:
            flags = [*flags, "may_replicate"]
        if flags:
            fields.append(".flags = " + " | ".join(FLAGS[flag] for flag in FLAGS if flag in flags))
        fields.append(f".service = Service::{service(name, flags, specs, subcommands)}")
        if name in MERGE:
            fields.append(f".merge = Merge::{MERGE[name]}")
        if name in LOCAL:
            fields.append(f".local = LocalCommand::{LOCAL[name]}")
        fields.append(f".family = Family::{FAMILY_OF_GROUP.get(group, group)}")
        if name in SCRIPT_USE:
            fields.append(f".scripts = ScriptUse::{SCRIPT_USE[name]}")
        if service(name, flags, specs, subcommands) == "blocking":
            fields.append(f".block_at = {BLOCK_AT.get(name, -1)}")
        if name in SPLIT_STEP:
            fields.append(f".split_step = {SPLIT_STEP[name]}")
        if specs:
            fields.append(f".keys = {self.specs.name(', '.join(map(self.spec_text, specs)))}")
        if subcommands:
            fields.append(f".subcommands = {self.subcommand_array(name, subcommands)}")
        return "    {" + ", ".join(fields) + "},"

    def subcommand_array(self, name, subcommands):
        array = f"k{name.capitalize()}Subcommands"
        known = {reply[0] for reply in subcommands}
        newer = [reply for reply in NEWER.get(name, []) if reply[0] not in known]
        rows = [self.row(reply) for reply in sorted(subcommands + newer)]
        self.subcommand_arrays += [f"constexpr CommandRow {array}[] = {{", *rows, "};"]
        return array


def generate(server):
    version = re.search(r"redis_version:(\d+\.\d+)", server.ask("INFO", "server")).group(1)
    groups = {name: pairs(doc)["group"] for name, doc in pairs(server.ask("COMMAND", "DOCS")).items()}
    writer = Writer(groups)
    rows = [writer.row(reply) for reply in sorted(server.ask("COMMAND"))]
    missing = (set(SERVICE) | set(MERGE) | set(OPTIONS) | set(SCRIPT_USE)) - set(re.findall(r'name = "([^"]+)"', "\n".join(
        rows + writer.subcommand_arrays)))
    if missing:
        raise RuntimeError(f"decided here, but the server has no such command: {sorted(missing)}")
    lines = [f"// Written by scripts/generate_command_table.py from Redis {version}'s COMMAND; do not edit.",
             *writer.skips.lines(), *writer.specs.lines(), *writer.subcommand_arrays,
             "constexpr CommandRow kRows[] = {", *rows, "};"]
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description="Writes protocol/command_rows.inc from a server's COMMAND.")
    parser.add_argument("address", metavar="HOST:PORT")
    parser.add_argument("--check", action="store_true", help="compare only; exit 1 on a difference")
    options = parser.parse_args()
    host, _, port = options.address.rpartition(":")
    text = generate(Server(host, int(port)))
    if not options.check:
        TARGET.write_text(text)
        return subprocess.run([sys.executable, DOCS], check=False).returncode
    committed = TARGET.read_text()
    diff = difflib.unified_diff(committed.splitlines(), text.splitlines(), TARGET.name, options.address,
                                lineterm="", n=0)
    print(*diff, sep="\n")
    return 0 if committed == text else 1


if __name__ == "__main__":
    sys.exit(main())
