"""Streams and consumer groups."""

import threading

from app import BOTH, PLAIN, Threads, feature
from check import equal, same_items, true


@feature(*BOTH)
def streams(app):
    """Orders in a stream, taken by two consumers of a group; one of them fails and the other takes over."""
    client = app.client
    ids = [client.xadd("orders", {"number": number}) for number in range(20)]
    equal("XLEN", client.xlen("orders"), 20)
    first = client.xrange("orders", count=2)
    equal("XRANGE", first, [(ids[0], {"number": "0"}), (ids[1], {"number": "1"})])
    equal("XREVRANGE", client.xrevrange("orders", count=1), [(ids[19], {"number": "19"})])
    equal("XREAD", client.xread({"orders": ids[17]}), [["orders", [(ids[18], {"number": "18"}),
                                                                    (ids[19], {"number": "19"})]]])  # fmt: skip
    equal("XGROUP CREATE", client.xgroup_create("orders", "shipping", id="0"), True)
    taken = client.xreadgroup("shipping", "ann", {"orders": ">"}, count=5)
    equal("XREADGROUP of ann", [entry[0] for entry in taken[0][1]], ids[:5])
    taken = client.xreadgroup("shipping", "bob", {"orders": ">"}, count=5)
    equal("XREADGROUP of bob", [entry[0] for entry in taken[0][1]], ids[5:10])
    equal("XACK", client.xack("orders", "shipping", *ids[:4]), 4)
    pending = client.xpending("orders", "shipping")
    equal("XPENDING", (pending["pending"], pending["min"], pending["max"]), (6, ids[4], ids[9]))
    names = [entry["consumer"] for entry in client.xpending_range("orders", "shipping", "-", "+", 10)]
    equal("XPENDING of a range", names, ["ann"] + ["bob"] * 5)
    claimed = client.xclaim("orders", "shipping", "ann", 0, [ids[5]])
    equal("XCLAIM", claimed, [(ids[5], {"number": "5"})])
    claimed = client.xautoclaim("orders", "shipping", "cy", 0, "0-0", count=100)
    equal("XAUTOCLAIM", [entry[0] for entry in claimed[1]], ids[4:10])
    again = client.xreadgroup("shipping", "cy", {"orders": "0"})
    equal("XREADGROUP of what cy has", [entry[0] for entry in again[0][1]], ids[4:10])
    equal("XACK of it", client.xack("orders", "shipping", *ids[4:10]), 6)
    groups = client.xinfo_groups("orders")
    equal("XINFO GROUPS", [(group["name"], group["consumers"], group["pending"]) for group in groups],
          [("shipping", 3, 0)])  # fmt: skip
    same_items("XINFO CONSUMERS", [entry["name"] for entry in client.xinfo_consumers("orders", "shipping")],
               ["ann", "bob", "cy"])  # fmt: skip
    equal("XINFO STREAM", client.xinfo_stream("orders")["length"], 20)
    equal("XDEL", client.xdel("orders", ids[0]), 1)
    equal("XTRIM", client.xtrim("orders", maxlen=10, approximate=False), 9)
    equal("XGROUP DESTROY", client.xgroup_destroy("orders", "shipping"), True)


@feature(PLAIN)
def streams_slots(app):
    """XREAD and XREADGROUP of streams that are in several slots, without BLOCK."""
    client = app.client
    names = [f"sensor:{number}" for number in range(6)]
    ids = {name: [client.xadd(name, {"value": value}) for value in range(3)] for name in names}
    answer = client.xread({name: ids[name][0] for name in names})
    found = {name: [entry[0] for entry in entries] for name, entries in answer}
    equal("XREAD", found, {name: ids[name][1:] for name in names})
    equal("XREAD of the first two", len(client.xread({names[0]: "0", names[1]: "0"}, count=1)), 2)
    equal("XREAD of nothing new", client.xread({name: ids[name][2] for name in names}), [])
    for name in names:
        client.xgroup_create(name, "g", id="0")
    answer = client.xreadgroup("g", "ann", {name: ">" for name in names}, count=2)
    found = {name: [entry[0] for entry in entries] for name, entries in answer}
    equal("XREADGROUP", found, {name: ids[name][:2] for name in names})


@feature(*BOTH)
def streams_blocking(app):
    """Three workers of a group wait for events; each event is handled by exactly one of them."""
    client = app.client
    client.xgroup_create("events", "workers", id="$", mkstream=True)
    handled = []
    lock = threading.Lock()

    def work(name):
        own = app.open()
        while True:
            answer = own.xreadgroup("workers", name, {"events": ">"}, count=3, block=8000)
            true("XREADGROUP BLOCK: expected an event within 8 s", answer, answer)
            for identity, event in answer[0][1]:
                own.xack("events", "workers", identity)
                if event["n"] == "stop":
                    return
                with lock:
                    handled.append(event["n"])

    with Threads() as threads:
        for name in ("ann", "bob", "cy"):
            threads.run(work, name)
        for number in range(60):
            client.xadd("events", {"n": number})
        threads.until("all events handled", lambda: len(handled) >= 60)
        # A worker takes up to three events at a time: each gets its stop only when it waits for one alone.
        for left in (2, 1, 0):
            client.xadd("events", {"n": "stop"})
            threads.until(f"{left} workers left", lambda at=left: sum(t.is_alive() for t in threads.threads) <= at)
    same_items("the events handled", handled, [str(number) for number in range(60)])
    equal("XPENDING", client.xpending("events", "workers")["pending"], 0)
    equal("XREAD BLOCK in vain", client.xread({"events": "$"}, block=200), [])
