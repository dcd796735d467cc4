"""Keys and values: what most applications do all day."""

import redis
from app import BOTH, PLAIN, Threads, feature
from check import between, equal, eventually, raises, same_items, true


@feature(*BOTH)
def sessions(app):
    """A shop's sessions: made at login, prolonged at each visit, gone after logout; a token is taken only once."""
    client = app.client
    users = [f"user-{number}" for number in range(60)]
    for user in users:
        fields = {"name": user, "visits": 0, "cart": '{"items": []}'}
        equal("HSET of a new session", client.hset(f"session:{user}", mapping=fields), 3)
        equal("EXPIRE", client.expire(f"session:{user}", 1800), True)
    for visit in (1, 2):
        for user in users:
            equal("HINCRBY of visits", client.hincrby(f"session:{user}", "visits", 1), visit)
            seen = client.hgetall(f"session:{user}")
            equal("HGETALL", seen, {"name": user, "visits": str(visit), "cart": '{"items": []}'})
            between("TTL", client.ttl(f"session:{user}"), 1, 1800)
    for user in users[::2]:
        equal("DEL at logout", client.delete(f"session:{user}"), 1)
    for number, user in enumerate(users):
        equal("EXISTS after the logouts", client.exists(f"session:{user}"), number % 2)
    equal("SET NX of a new token", client.set("token:1", "secret", nx=True, ex=60), True)
    equal("SET NX of an old token", client.set("token:1", "other", nx=True, ex=60), None)
    equal("GETEX", client.getex("token:1", px=90_000), "secret")
    between("PTTL after GETEX", client.pttl("token:1"), 60_001, 90_000)
    equal("GETDEL", client.getdel("token:1"), "secret")
    equal("GETDEL again", client.getdel("token:1"), None)
    equal("SET GET", (client.set("page", "old"), client.set("page", "new", get=True)), (True, "old"))


@feature(*BOTH)
def counters(app):
    """Page views, a leaderboard and visitors, counted by six threads at once."""
    rounds, writers, pages = 40, 6, 10
    answers = {page: [] for page in range(pages)}

    def count(writer):
        client = app.open()
        for step in range(rounds):
            for page in range(pages):
                answers[page].append(client.incr(f"views:{page}"))
            client.hincrby("totals", "views", pages)
            client.zincrby("leaders", writer + 1, f"writer-{writer}")
            client.pfadd("visitors", f"visitor-{step % 10}")
            client.setbit("days", step, 1)

    with Threads() as threads:
        for writer in range(writers):
            threads.run(count, writer)
    client = app.client
    for page in range(pages):
        equal(f"views of page {page}", client.get(f"views:{page}"), str(rounds * writers))
        same_items(f"the answers of INCR for page {page}", answers[page], list(range(1, rounds * writers + 1)))
    equal("HGET of the total", client.hget("totals", "views"), str(rounds * writers * pages))
    leaders = [(f"writer-{writer}", float(rounds * (writer + 1))) for writer in reversed(range(writers))]
    equal("ZREVRANGE of the leaders", client.zrevrange("leaders", 0, -1, withscores=True), leaders)
    equal("PFCOUNT", client.pfcount("visitors"), 10)
    equal("BITCOUNT", client.bitcount("days"), rounds)
    equal("INCRBY, DECRBY", (client.incrby("stock", 50), client.decrby("stock", 8)), (50, 42))
    equal("INCRBYFLOAT", client.incrbyfloat("price", 10.5), 10.5)
    equal("HINCRBYFLOAT", client.hincrbyfloat("prices", "tea", 2.25), 2.25)


@feature(*BOTH)
def multikey(app):
    """A cache that is filled, read and dropped many keys at a time."""
    client = app.client
    values = {f"cache:{number}": f"value-{number}" for number in range(300)}
    keys = list(values)
    if app.is_cluster:
        true("MSET over slots", all(client.mset_nonatomic(values)), "an answer that is not OK")
        equal("MGET over slots", client.mget_nonatomic(keys), list(values.values()))
    else:
        equal("MSET over slots", client.mset(values), True)
        asked = [keys[7], "cache:missing", *keys, keys[7]]
        equal("MGET over slots", client.mget(asked), [values.get(key) for key in asked])
        equal("EXISTS counts each mention", client.exists(keys[0], keys[0], "cache:missing", keys[9]), 3)
        equal("MSET of one key twice", client.execute_command("MSET", "twice", "1", "x", "y", "twice", "2"), True)
        equal("GET of it", client.get("twice"), "2")
    equal("EXISTS over slots", client.exists(*keys[:100]), 100)
    equal("TOUCH over slots", client.touch(*keys[:50]), 50)
    equal("UNLINK over slots", client.unlink(*keys[:100]), 100)
    equal("DEL over slots", client.delete(*keys[50:]), 200)
    equal("EXISTS afterwards", client.exists(*keys), 0)
    equal("MSET in one slot", client.mset({"{cart}a": "1", "{cart}b": "2"}), True)
    equal("MSETNX in one slot, of which one exists", client.msetnx({"{cart}b": "9", "{cart}c": "3"}), False)
    equal("MGET in one slot", client.mget("{cart}a", "{cart}b", "{cart}c"), ["1", "2", None])
    client.sadd("{tags}red", "apple", "rose")
    client.sadd("{tags}round", "apple", "ball")
    equal("SUNIONSTORE", client.sunionstore("{tags}all", "{tags}red", "{tags}round"), 3)
    equal("SINTER", client.sinter("{tags}red", "{tags}round"), {"apple"})


@feature(*BOTH)
def pipeline(app):
    """A bulk import of 900 records in one round trip, among them some that cannot work."""
    records = 300
    pipe = app.client.pipeline() if app.is_cluster else app.client.pipeline(transaction=False)
    expected = []
    for number in range(records):
        pipe.set(f"record:{number}", number)
        pipe.hset(f"details:{number}", mapping={"a": "1", "b": "2"})
        pipe.incr(f"record:{number}")
        expected += [True, 2, number + 1]
    pipe.set("text", "words")
    pipe.incr("text")
    pipe.get("text")
    answers = pipe.execute(raise_on_error=False)
    equal("the answers before the error", answers[: 3 * records], expected)
    equal("the answer before the error", answers[-3], True)
    true("INCR of a text: expected an error", isinstance(answers[-2], redis.ResponseError), answers[-2])
    true("its text", "value is not an integer or out of range" in str(answers[-2]), str(answers[-2]))
    equal("the answer after the error", answers[-1], "words")
    for number in range(0, records, 37):
        equal("GET of a record", app.client.get(f"record:{number}"), str(number + 1))
    for size in (1, 2, 1000):
        for number in range(size):
            pipe.get(f"record:{number}")
        found = [str(number + 1) if number < records else None for number in range(size)]
        equal(f"a pipeline of {size}", pipe.execute(), found)


@feature(*BOTH)
def collections(app):
    """Lists, sets, sorted sets, places and bit fields, each as one application uses it."""
    client = app.client
    equal("RPUSH", client.rpush("todo", *[f"task-{number}" for number in range(100)]), 100)
    equal("LRANGE", client.lrange("todo", 0, 2), ["task-0", "task-1", "task-2"])
    equal("LPOS, LINDEX", (client.lpos("todo", "task-9"), client.lindex("todo", -1)), (9, "task-99"))
    equal("LPOP of three", client.lpop("todo", 3), ["task-0", "task-1", "task-2"])
    equal("LTRIM, LLEN", (client.ltrim("todo", 0, 9), client.llen("todo")), (True, 10))
    equal("LINSERT, LREM", (client.linsert("todo", "BEFORE", "task-4", "x"), client.lrem("todo", 0, "x")), (11, 1))
    equal("SADD", client.sadd("friends", "ann", "bob", "cy"), 3)
    equal("SMISMEMBER", client.smismember("friends", ["ann", "zoe"]), [1, 0])
    equal("SMEMBERS", client.smembers("friends"), {"ann", "bob", "cy"})
    scores = {f"player-{number:02}": number * 1.5 for number in range(50)}
    equal("ZADD", client.zadd("scores", scores), 50)
    equal("ZADD GT", client.zadd("scores", {"player-01": 99.25}, gt=True, ch=True), 1)
    equal("ZRANGE REV", client.zrange("scores", 0, 1, desc=True, withscores=True),
          [("player-01", 99.25), ("player-49", 73.5)])  # fmt: skip
    equal("ZRANGEBYSCORE", client.zrangebyscore("scores", 3, "(6"), ["player-02", "player-03"])
    equal("ZRANK, ZSCORE", (client.zrank("scores", "player-00"), client.zscore("scores", "player-02")), (0, 3.0))
    equal("ZPOPMIN", client.zpopmin("scores", 2), [("player-00", 0.0), ("player-02", 3.0)])
    equal("ZMSCORE", client.zmscore("scores", ["player-03", "nobody"]), [4.5, None])
    equal("GEOADD", client.geoadd("places", [13.361389, 38.115556, "Palermo", 15.087269, 37.502669, "Catania"]), 2)
    between("GEODIST", client.geodist("places", "Palermo", "Catania", unit="km"), 166, 167)
    near = client.geosearch("places", longitude=15, latitude=37, radius=200, unit="km", sort="ASC")
    equal("GEOSEARCH", near, ["Catania", "Palermo"])
    equal("BITFIELD", client.bitfield("bits").set("u8", 0, 200).incrby("u8", 0, 10).execute(), [0, 210])
    client.hset("profile", mapping={"a": "1", "b": "2", "c": "3"})
    equal("HMGET", client.hmget("profile", ["c", "none", "a"]), ["3", None, "1"])
    equal("HDEL, HLEN", (client.hdel("profile", "a", "b"), client.hlen("profile")), (2, 1))
    equal("APPEND, GETRANGE", (client.append("log", "hello world"), client.getrange("log", 6, -1)), (11, "world"))


@feature(*BOTH)
def expiry(app):
    """Values with a time to live: they go when they should, and stay when that is changed."""
    client = app.client
    for number in range(20):
        client.set(f"short:{number}", "x", px=150)
        client.set(f"long:{number}", "x", ex=100)
    for number in range(20):
        eventually("the end of a short value", lambda at=number: client.get(f"short:{at}") is None)
        equal("a long value", client.get(f"long:{number}"), "x")
    equal("TTL of no key", client.ttl("short:0"), -2)
    equal("PERSIST, TTL", (client.persist("long:0"), client.ttl("long:0")), (True, -1))
    equal("EXPIRE XX without a time", client.expire("long:0", 50, xx=True), False)
    equal("EXPIRE NX without a time", client.expire("long:0", 50, nx=True), True)
    equal("EXPIRE GT", (client.expire("long:0", 20, gt=True), client.expire("long:0", 200, gt=True)), (False, True))
    equal("EXPIREAT, EXPIRETIME", (client.expireat("long:1", 4_000_000_000), client.expiretime("long:1")),
          (True, 4_000_000_000))  # fmt: skip
    equal("SET KEEPTTL", (client.set("long:1", "y", keepttl=True), client.expiretime("long:1")), (True, 4_000_000_000))
    equal("SET without", (client.set("long:1", "z"), client.ttl("long:1")), (True, -1))
    equal("EXPIRE in the past", (client.expire("long:2", -1), client.exists("long:2")), (True, 0))


@feature(*BOTH)
def binary(app):
    """Values that are no text, empty ones, and big ones."""
    client = app.open(decode_responses=False)
    every_byte = bytes(range(256)) * 4
    for key, value in {
        b"key\x00\r\n\xff": every_byte,
        b"empty": b"",
        "schl\u00fcssel \u2603".encode(): "gr\u00fc\u00dfe \U0001f680".encode(),
        b"reply like": b"$5\r\nhello\r\n-ERR no\r\n",
        b"big": every_byte * 5000,
    }.items():
        equal("SET", client.set(key, value), True)
        true(f"GET of {key!r}: expected what was set", client.get(key) == value, "something else")
        equal("STRLEN", client.strlen(key), len(value))
    equal("HSET", client.hset(b"h\x00", every_byte, every_byte), 1)
    true("HGETALL: expected what was set", client.hgetall(b"h\x00") == {every_byte: every_byte}, "something else")
    pipe = client.pipeline() if app.is_cluster else client.pipeline(transaction=False)
    for _ in range(10):
        pipe.get(b"big")
        pipe.get(b"empty")
    equal("lengths of big and empty values in turn", [len(value) for value in pipe.execute()],
          [len(every_byte) * 5000, 0] * 10)  # fmt: skip


@feature(*BOTH)
def errors(app):
    """What an application sees when it is wrong; the connection goes on after each."""
    client = app.client
    client.set("text", "words")
    client.rpush("list", "x")
    wrong_type = "WRONGTYPE Operation against a key holding the wrong kind of value"
    raises("GET of a list", redis.ResponseError, wrong_type, lambda: client.get("list"))
    raises("HGET of a text", redis.ResponseError, wrong_type, lambda: client.hget("text", "f"))
    raises("INCR of a text", redis.ResponseError, "value is not an integer or out of range",
           lambda: client.incr("text"))  # fmt: skip
    raises("EXPIRE of no number", redis.ResponseError, "value is not an integer or out of range",
           lambda: client.execute_command("EXPIRE", "text", "soon"))  # fmt: skip
    raises("SET with a wrong option", redis.ResponseError, "syntax error",
           lambda: client.execute_command("SET", "text", "v", "WRONG"))  # fmt: skip
    raises("GET without a key" if not app.is_cluster else "GET of two keys", redis.ResponseError,
           "wrong number of arguments for 'get' command",
           lambda: client.execute_command("GET", *(["a", "b"] if app.is_cluster else [])))  # fmt: skip
    raises("EVALSHA of no script", redis.exceptions.NoScriptError, "No matching script",
           lambda: client.evalsha("0" * 40, 1, "text"))  # fmt: skip
    client.xadd("events", {"a": "1"})
    client.xgroup_create("events", "group")
    raises("XGROUP CREATE again", redis.ResponseError, "BUSYGROUP", lambda: client.xgroup_create("events", "group"))
    if not app.is_cluster:
        raises("an unknown command", redis.ResponseError, "unknown command 'NOSUCH', with args beginning with: 'a' 'b'",
               lambda: client.execute_command("NOSUCH", "a", "b"))  # fmt: skip
    if app.proxied and not app.is_cluster:
        raises("RENAME over slots", redis.ResponseError, "CROSSSLOT Keys in request don't hash to the same slot",
               lambda: client.rename("text", "other"))  # fmt: skip
    equal("GET after the errors", client.get("text"), "words")


@feature(*BOTH)
def fields(app):
    """HSCAN, SSCAN and ZSCAN through collections that are too big for one answer."""
    client = app.client
    pairs = {f"field-{number}": f"v{number}" for number in range(3000)}
    client.hset("hash", mapping=pairs)
    client.sadd("set", *pairs)
    client.zadd("sorted", {field: number for number, field in enumerate(pairs)})
    equal("HSCAN", dict(client.hscan_iter("hash", count=100)), pairs)
    equal("SSCAN", set(client.sscan_iter("set", count=100)), set(pairs))
    ranks = {field: float(number) for number, field in enumerate(pairs)}
    equal("ZSCAN", dict(client.zscan_iter("sorted", count=100)), ranks)
    tens = {f"field-10{digit}" for digit in range(10)}
    equal("HSCAN MATCH", set(dict(client.hscan_iter("hash", match="field-10?"))), tens)


@feature(*BOTH)
def keys(app):
    """Commands about one key: its type, encoding, copy, new name, dump."""
    client = app.client
    client.rpush("{k}list", 3, 1, 2)
    equal("TYPE", client.type("{k}list"), "list")
    true("OBJECT ENCODING", client.object("encoding", "{k}list") in ("quicklist", "listpack"), "another")
    equal("SORT", client.sort("{k}list"), ["1", "2", "3"])
    equal("SORT STORE", (client.sort("{k}list", desc=True, store="{k}sorted"), client.lrange("{k}sorted", 0, -1)),
          (3, ["3", "2", "1"]))  # fmt: skip
    equal("COPY", client.copy("{k}list", "{k}copy"), True)
    equal("RENAME", (client.rename("{k}copy", "{k}new"), client.exists("{k}copy", "{k}new")), (True, 1))
    equal("RENAMENX", client.renamenx("{k}new", "{k}list"), False)
    raw = app.open(decode_responses=False)
    dumped = raw.dump("{k}list")
    equal("RESTORE", (raw.restore("{k}back", 0, dumped), client.lrange("{k}back", 0, -1)), (b"OK", ["3", "1", "2"]))
    true("MEMORY USAGE: expected more than 10", (client.memory_usage("{k}list") or 0) > 10, "less")


@feature(*BOTH)
def locks(app):
    """redis-py's own Lock (SET NX and scripts): one owner at a time among eight threads."""
    client = app.client
    first = client.lock("lock:report", timeout=20)
    equal("acquire", first.acquire(blocking=False), True)
    equal("acquire while it is held", client.lock("lock:report", timeout=20).acquire(blocking=False), False)
    equal("extend", first.extend(30), True)
    between("PTTL after extend", client.pttl("lock:report"), 30_001, 50_000)
    first.release()
    equal("EXISTS after release", client.exists("lock:report"), 0)
    client.set("balance", 0)

    def work():
        own = app.open()
        for _ in range(5):
            with own.lock("lock:balance", timeout=20, sleep=0.01):
                own.set("balance", int(own.get("balance")) + 1)

    with Threads() as threads:
        for _ in range(8):
            threads.run(work)
    equal("the balance after 40 locked updates", client.get("balance"), "40")
