"""Messages between applications: channels, and queues that workers wait at."""

import threading

from app import BOTH, PLAIN, Threads, feature
from check import equal, eventually, same_items, true


class Listener:
    """A pub/sub connection and what it has received, without the acknowledgements."""

    def __init__(self, client):
        self.pubsub = client.pubsub()
        self.messages = []
        self.acknowledged = []

    def read(self):
        message = self.pubsub.get_message(timeout=0.05)
        if message is None:
            return
        if message["type"].endswith("message"):
            self.messages.append((message["type"], message["channel"], message["data"]))
        else:
            self.acknowledged.append((message["type"], message["channel"], message["data"]))

    def wait_for(self, what, count):
        """Until it has received this many messages in all; returns them."""

        def enough():
            self.read()
            return len(self.messages) >= count

        eventually(f"{what}: {count} messages", enough)
        return self.messages

    def wait_for_acknowledgements(self, what, expected):
        def enough():
            self.read()
            return len(self.acknowledged) >= len(expected)

        eventually(f"{what}: {len(expected)} acknowledgements", enough)
        equal(what, self.acknowledged, expected)


@feature(*BOTH)
def pubsub(app):
    """A chat: two listeners, one of them by pattern; nothing after leaving; commands go on meanwhile."""
    rooms, guard = Listener(app.open()), Listener(app.open())
    rooms.pubsub.subscribe("room:1", "room:2")
    rooms.wait_for_acknowledgements("SUBSCRIBE", [("subscribe", "room:1", 1), ("subscribe", "room:2", 2)])
    guard.pubsub.psubscribe("room:*")
    guard.wait_for_acknowledgements("PSUBSCRIBE", [("psubscribe", "room:*", 1)])
    sent = [(f"room:{1 + number % 3}", f"text {number}") for number in range(60)]
    for room, text in sent:
        app.client.publish(room, text)
    own = [("message", room, text) for room, text in sent if room != "room:3"]
    # Channels of a cluster client may be on several nodes: the order holds within a channel.
    for room in ("room:1", "room:2"):
        got = [entry for entry in rooms.wait_for("SUBSCRIBE", len(own)) if entry[1] == room]
        equal(f"what the listener of {room} got", got, [entry for entry in own if entry[1] == room])
    same_items("what the guard got", guard.wait_for("PSUBSCRIBE", 60), [("pmessage", *entry) for entry in sent])
    rooms.pubsub.unsubscribe("room:1")
    rooms.acknowledged.clear()
    rooms.wait_for_acknowledgements("UNSUBSCRIBE", [("unsubscribe", "room:1", 1)])
    app.client.publish("room:1", "unheard")
    app.client.publish("room:2", "heard")
    equal("after UNSUBSCRIBE", rooms.wait_for("UNSUBSCRIBE", len(own) + 1)[-1], ("message", "room:2", "heard"))
    equal("messages in all", len(rooms.messages), len(own) + 1)
    equal("SET meanwhile", app.client.set("k", "v"), True)
    rooms.pubsub.close()
    guard.pubsub.close()


@feature(PLAIN)
def pubsub_facts(app):
    """PUBSUB CHANNELS, NUMSUB and NUMPAT, and a PING while subscribed."""
    listener = Listener(app.client)
    listener.pubsub.subscribe("news:1", "news:2")
    listener.pubsub.psubscribe("new*")
    listener.wait_for_acknowledgements(
        "SUBSCRIBE", [("subscribe", "news:1", 1), ("subscribe", "news:2", 2), ("psubscribe", "new*", 3)]
    )
    same_items("PUBSUB CHANNELS", app.client.pubsub_channels("news:*"), ["news:1", "news:2"])
    equal("PUBSUB NUMSUB", app.client.pubsub_numsub("news:1", "none"), [("news:1", 1), ("none", 0)])
    equal("PUBSUB NUMPAT", app.client.pubsub_numpat(), 1)
    listener.pubsub.ping("are you there")
    listener.acknowledged.clear()
    listener.wait_for_acknowledgements("PING while subscribed", [("pong", None, "are you there")])
    listener.pubsub.close()


@feature(PLAIN)
def notifications(app):
    """Keyspace events of keys in many slots reach one listener."""
    listener = Listener(app.client)
    listener.pubsub.psubscribe("__keyevent@0__:expired", "__keyspace@0__:note:*")
    listener.wait_for_acknowledgements(
        "PSUBSCRIBE",
        [("psubscribe", "__keyevent@0__:expired", 1), ("psubscribe", "__keyspace@0__:note:*", 2)],
    )
    for number in range(12):
        app.client.hset(f"note:{number}", "text", "x")
        app.client.set(f"short:{number}", "x", px=20)
    expected = [("pmessage", f"__keyspace@0__:note:{number}", "hset") for number in range(12)]
    expected += [("pmessage", "__keyevent@0__:expired", f"short:{number}") for number in range(12)]
    same_items("the events", listener.wait_for("events", len(expected)), expected)
    listener.pubsub.close()


@feature(*BOTH)
def blocking(app):
    """A work queue: eight workers wait at it, each job is done once, in vain nobody waits for ever."""
    jobs = [f"job-{number}" for number in range(200)]
    done = []
    lock = threading.Lock()

    def work():
        client = app.open()
        while True:
            name, job = client.blpop("queue", timeout=8)
            if job == "stop":
                return
            with lock:
                done.append((name, job))

    with Threads() as threads:
        for _ in range(8):
            threads.run(work)
        for job in jobs:
            app.client.rpush("queue", job)
        threads.until("all jobs done", lambda: len(done) >= len(jobs))
        app.client.rpush("queue", *["stop"] * 8)
    same_items("the jobs done", done, [("queue", job) for job in jobs])
    client = app.client
    equal("BLPOP in vain", client.blpop("nothing", timeout=1), None)
    client.rpush("{q}low", "l1")
    client.rpush("{q}high", "h1", "h2")
    equal("BRPOP takes from the first list that has something", client.brpop(["{q}high", "{q}low"], timeout=5),
          ("{q}high", "h2"))  # fmt: skip
    equal("BLMOVE", client.blmove("{q}high", "{q}doing", 5, "LEFT", "RIGHT"), "h1")
    equal("BRPOPLPUSH", client.brpoplpush("{q}low", "{q}doing", 5), "l1")
    equal("LRANGE", client.lrange("{q}doing", 0, -1), ["l1", "h1"])
    client.zadd("urgent", {"later": 5, "soon": 1})
    equal("BZPOPMIN", client.bzpopmin("urgent", timeout=5), ("urgent", "soon", 1.0))
    equal("BZPOPMAX", client.bzpopmax("urgent", timeout=5), ("urgent", "later", 5.0))
    client.rpush("{q}many", "1", "2", "3")
    if not app.is_cluster:
        equal("BLMPOP", client.blmpop(5, 2, "{q}none", "{q}many", direction="LEFT", count=2), ["{q}many", ["1", "2"]])


@feature(*BOTH)
def blocking_neighbours(app):
    """While one client waits, the others do not; what it waits for comes from them."""
    got = []
    waiter = app.open(client_name="waiter")

    with Threads() as threads:
        threads.run(lambda: got.append(waiter.blpop("bell", timeout=8)))
        client = app.client
        for number in range(200):
            equal("SET while another client waits", client.set(f"other:{number}", number), True)
            equal("GET while another client waits", client.get(f"other:{number}"), str(number))
        true("the waiting client has nothing yet: expected []", not got, got)
        client.rpush("bell", "ring")
    equal("what it waited for", got, [("bell", "ring")])
    equal("LLEN afterwards", app.client.llen("bell"), 0)
