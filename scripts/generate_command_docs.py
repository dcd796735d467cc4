#!/usr/bin/env python3
"""Writes docs/commands.md from protocol/command_rows.inc: how Slotway serves each command.

Usage: generate_command_docs.py            writes the file
       generate_command_docs.py --check    compares only; exit code 1 and a diff if it differs

generate_command_table.py runs it too. A command that is not supported has its reason in REASONS below.
"""
import argparse
import difflib
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
ROWS = ROOT / "protocol" / "command_rows.inc"
HEADER = ROOT / "protocol" / "command_table.hpp"
TARGET = ROOT / "docs" / "commands.md"
WIDTH = 118

INTRODUCTION = """\
# How Slotway serves each command

Written by `scripts/generate_command_docs.py` from the command table; do not edit. The commands are those of Redis 7.0;
a subcommand is served as its own line says. A command that
is not here is served by what the nodes' `COMMAND` says of it; what they do not know is answered as Redis answers it.

Inside `MULTI` all of them are queued, but for `HELLO` and `CLIENT REPLY`, which are refused there. What goes by key or
to any primary is the transaction, which its node runs in one piece, with `PING`, `ECHO`, `TIME`, `FLUSHALL` and
`FLUSHDB`. What Slotway answers itself or asks of several nodes runs after that, one command after another, if the
transaction was executed, and is answered in its place in `EXEC`'s reply; see
`docs/decisions/021-outside-commands-in-a-transaction.md`.
"""

# Service -> heading and what it means; in the document's order. One that is not here is described by its comment in
# command_table.hpp, at the end.
SERVICES = {
    "by_key": ("Passed by key", "Sent as they are to the node of their keys' slot. Keys of two slots are "
               "`-CROSSSLOT`, as Redis Cluster answers. Without a key (`EVAL … 0`) any primary is asked."),
    "split": ("Split by slot", "Keys of several slots are asked of their nodes, and the replies become one. Not atomic "
              "over slots; `multikey.mset: reject` makes `MSET` over several slots `-CROSSSLOT`."),
    "blocking": ("Passed by key, on a connection of its own", "They may wait, and no other client waits with them; "
                 "`limits.max_pinned_per_worker` is how many may wait at the same time. `XREAD` and `XREADGROUP` too, if "
                 "they say `BLOCK`. Inside `MULTI` they do not wait."),
    "transaction": ("Transactions", "Kept by Slotway until `EXEC`, which sends all of it to the node of its keys' slot."),
    "subscription": ("Subscriptions", "Each worker subscribes once for all of its clients."),
    "broadcast": ("Sent to all primaries", "Every primary that has slots is asked once, and the client gets one answer. "
                  "If one fails, so does the whole, unless it is said otherwise."),
    "flush": ("Emptying all primaries", "Sent to all primaries; `OK` if all say so. In a transaction its own node is "
              "emptied by `EXEC`, and when that is done the others are, before the client gets the reply; see "
              "`docs/decisions/017-a-transaction-that-flushes.md`."),
    "scan": ("One primary after another", "The cursor says where to go on; see `docs/architecture.md`."),
    "any_node": ("Passed to any primary", "All of them answer alike, or the command speaks of nothing that differs."),
    "wait": ("WAIT", "Asked of every primary, and the least of the answers is the answer."),
    "by_slot": ("Passed by slot", "Sent to the node of the slot that they name."),
    "settings": ("Settings", "One primary's, with Slotway's own values where they hold for its clients; passwords and "
                 "`tls-*` are shown to nobody."),
    "change_settings": ("Changing settings", "On every primary. Settings that are Slotway's own, or that would cut it off "
                        "from the nodes (`requirepass`, `masterauth`, `port`, `bind`, `tls-*`, `maxclients`, …), are "
                        "refused, and then none is changed; setting one to what `CONFIG GET` shows does nothing."),
    "debug": ("DEBUG", "Refused unless `debug_command: allow`, and the nodes must allow it too. `OBJECT`, `SDSLEN`, "
              "`LISTPACK`, `DIGEST-VALUE` and their like go by key; `SLEEP`, `RELOAD`, `LOADAOF`, `JMAP`, `LOG` and "
              "switches to all primaries. What ends a node, or is of one node's keys alone (`SEGFAULT`, `POPULATE`, "
              "`DIGEST`, …), is refused."),
    "local": ("Answered by Slotway", "No node is asked: what belongs to the client's session, and the view of the cluster."),
    "unsupported": ("Refused", "`-ERR command '…' is not supported by Slotway`; the connection stays open."),
}

# How the replies become one, as the client sees it.
MERGES = {
    "by_position": "elements in the keys' order",
    "sum": "the sum",
    "all_ok": "`OK` if all say so",
    "concat": "all elements",
    "first": "what the first says",
    "logical_and": "1 where all have it",
    "any_ok": "what one says that has something to do",
    "ok_or_absent": "`OK` if one had it",
    "running": "that of a node that runs one, if there is one",
    "weighted": "a key of one, each as likely as it has keys",
    "streams": "the streams that have something, in the order in which they were named",
    "least": "the least",
    "info": "one server's sections: sums where a sum has a meaning, else the worst, the least, or what all say "
            "(`routing/info_rules.cpp`); `INFO slotway` is Slotway's own, `INFO nodes` has a line for each node; primaries "
            "that do not answer are counted in `primaries_silent`",
    "slowlog": "the newest of all; an entry's id is the node's × 16384 + its shard's lowest slot, its client name "
               "`node:port` or `node:port/name`",
    "latency_latest": "the newest and the largest of each event",
    "latency_history": "the samples of all, the largest of each second",
    "latency_histogram": "the sums",
    "memory_stats": "the sums, ratios made anew",
    "node_texts": "each node's text beneath its address; nodes with an error are left out",
}

TOPOLOGY = "it changes the cluster, which is its administrators' business: send it to a node"
NEIGHBOURS = "it is spoken between nodes"
USERS = "Slotway has one user; see `requirepass`"
REASONS = {
    **{f"acl|{name}": USERS for name in "deluser dryrun load log save setuser".split()},
    **{f"cluster|{name}": TOPOLOGY for name in (
        "addslots addslotsrange bumpepoch delslots delslotsrange failover flushslots forget meet replicate reset saveconfig"
        " set-config-epoch setslot").split()},
    **{f"cluster|{name}": "it speaks of one node's view; `CLUSTER NODES` and `SHARDS` tell of all" for name in (
        "count-failure-reports links replicas slaves").split()},
    **{f"module|{name}": "a module is loaded by the nodes' administrators, on each node" for name in (
        "load loadex unload").split()},
    **{name: NEIGHBOURS for name in "psync replconf sync restore-asking".split()},
    **{name: TOPOLOGY for name in "failover replicaof slaveof shutdown".split()},
    "migrate": "it names a node to move keys to; keys move with their slots",
    "pfdebug": "it is for Redis's own tests",
    "script|debug": "the debugger needs a connection to one node",
}


class Row:
    def __init__(self, line):
        def field(name, default=None):
            found = re.search(rf"\.{name} = (?:\w+::)?\"?([^\",}}]+)", line)
            return found.group(1) if found else default
        self.name = field("name")
        self.service, self.merge = field("service"), field("merge", "none")
        self.family, self.local = field("family"), field("local")
        if self.service == "by_key" and self.merge != "none":
            self.service = "split"

    def shown(self):
        return "`" + self.name.replace("|", " ").upper() + "`"


def header_comments():
    """What command_table.hpp says behind each enumerator."""
    comments, name = {}, None
    for line in HEADER.read_text().splitlines():
        found = re.match(r"\s+(\w+),\s*// (.*)", line)
        more = re.match(r"\s+// (.*)", line)
        if found:
            name = found.group(1)
            comments[name] = found.group(2)
        elif more and name:
            comments[name] += " " + more.group(1)
        else:
            name = None
    return comments


def wrapped(text, first="", rest=""):
    """The text in lines of at most WIDTH; words in backquotes are not broken."""
    lines, line = [], first
    for word in re.findall(r"(?:`[^`]*`|\S)+", text):
        if len(line) + len(word) + 1 > WIDTH and line.strip():
            lines.append(line.rstrip())
            line = rest
        line += word + " "
    return lines + [line.rstrip()]


def by_family(rows):
    families = {}
    for row in rows:
        families.setdefault(row.family, []).append(row.shown())
    for family, names in families.items():
        yield from wrapped(", ".join(names), f"- **{family.replace('_', ' ')}**: ", "  ")


def section(service, rows, comments):
    heading, text = SERVICES.get(service, (service.replace("_", " "), comments.get(service, "")))
    yield from ["", f"## {heading}", ""]
    yield from wrapped(text)
    yield ""
    if service in ("split", "broadcast"):
        groups, column, said = {}, "answer", lambda row: MERGES.get(row.merge, comments.get(row.merge, row.merge))
    elif service == "unsupported":
        groups, column, said = {}, "why", lambda row: REASONS[row.name]
    else:
        yield from by_family(rows)
        return
    for row in rows:
        groups.setdefault(said(row), []).append(row.shown())
    yield from [f"| command | {column} |", "|---|---|"]
    for answer, names in groups.items():
        yield f"| {', '.join(names)} | {answer} |"


def generate():
    rows = [Row(line) for line in ROWS.read_text().splitlines() if line.lstrip().startswith("{.name = ")]
    unsupported = {row.name for row in rows if row.service == "unsupported"}
    if unsupported != set(REASONS):
        raise RuntimeError(f"REASONS: missing {sorted(unsupported - set(REASONS))}, "
                           f"served by now {sorted(set(REASONS) - unsupported)}")
    comments = header_comments()
    services = [*SERVICES, *sorted({row.service for row in rows} - set(SERVICES) - {"container"})]
    lines = INTRODUCTION.splitlines()
    for service in services:
        of_service = sorted((row for row in rows if row.service == service), key=lambda row: (row.family, row.name))
        if of_service:
            lines += section(service, of_service, comments)
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description="Writes docs/commands.md from the command table.")
    parser.add_argument("--check", action="store_true", help="compare only; exit 1 on a difference")
    options = parser.parse_args()
    text = generate()
    if not options.check:
        TARGET.write_text(text)
        return 0
    committed = TARGET.read_text() if TARGET.exists() else ""
    diff = difflib.unified_diff(committed.splitlines(), text.splitlines(), TARGET.name, ROWS.name, lineterm="", n=0)
    print(*diff, sep="\n")
    return 0 if committed == text else 1


if __name__ == "__main__":
    sys.exit(main())
