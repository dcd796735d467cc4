"""What belongs to a connection or to the whole server: transactions, scripts, iteration over all keys, facts."""

import hashlib

import redis
from app import BOTH, CLUSTER, PLAIN, Threads, feature, joined, sum_of
from check import between, equal, raises, same_items, true


@feature(*BOTH)
def connection(app):
    """The first words of a connection."""
    client = app.open(client_name="shop")
    equal("PING", client.ping(), True)
    true("CLIENT ID: expected a number above 0", client.client_id() > 0, client.client_id())
    if not app.is_cluster:
        equal("CLIENT GETNAME", client.client_getname(), "shop")
        equal("ECHO", client.echo("hello"), "hello")
        equal("SELECT 0", client.execute_command("SELECT", 0), True)
        refusal = "SELECT is not allowed in cluster mode" if app.proxied else "DB index is out of range"
        raises("SELECT of no database", redis.ResponseError, refusal, lambda: client.execute_command("SELECT", 99))


def one(answer):
    """The first of the answers that several nodes may have given."""
    return next(iter(answer.values())) if isinstance(answer, dict) else answer


@feature(CLUSTER)
def view(app):
    """The cluster as a cluster client sees it."""
    client = app.client
    known = app.nodes(client)
    equal("the nodes that it knows", len(known), 1 if app.proxied else 6)
    slots = client.nodes_manager.slots_cache
    equal("the slots that it knows", len(slots), 16384)
    info = client.cluster_info()
    equal("CLUSTER INFO", (info["cluster_state"], info["cluster_slots_assigned"]), ("ok", "16384"))
    equal("CLUSTER KEYSLOT", client.cluster_keyslot("{user1000}.following"), 3443)
    nodes = client.cluster_nodes()
    true("CLUSTER NODES: expected the address in use", app.address in nodes, nodes)
    for number in range(300):
        equal("SET", client.set(f"key:{number}", number), True)
    if app.proxied:
        equal("the nodes that it knows afterwards", app.nodes(client), [app.address])


@feature(PLAIN)
def transactions(app):
    """A bank: transfers by MULTI, guarded by WATCH, from six threads at once; no money is lost or made."""
    client = app.client
    client.mset({"{bank}a": 1000, "{bank}b": 0})

    def transfer():
        own = app.open()
        for _ in range(20):

            def move(pipe):
                left, right = int(pipe.get("{bank}a")), int(pipe.get("{bank}b"))
                pipe.multi()
                pipe.set("{bank}a", left - 5)
                pipe.set("{bank}b", right + 5)

            equal("EXEC", own.transaction(move, "{bank}a", "{bank}b"), [True, True])

    with Threads() as threads:
        for _ in range(6):
            threads.run(transfer)
    equal("both accounts", client.mget("{bank}a", "{bank}b"), ["400", "600"])
    pipe = client.pipeline()
    pipe.watch("{bank}a")
    client.set("{bank}a", 1)
    pipe.multi()
    pipe.set("{bank}a", 2)
    raises("EXEC after a change", redis.WatchError, "", pipe.execute)
    equal("GET after it", client.get("{bank}a"), "1")
    pipe = client.pipeline()
    answers = pipe.set("{bank}t", "text").incr("{bank}t").get("{bank}t").execute(raise_on_error=False)
    true("INCR of a text in EXEC: expected an error", isinstance(answers[1], redis.ResponseError), answers[1])
    equal("its neighbours", (answers[0], answers[2]), (True, "text"))
    pipe = client.pipeline()
    pipe.set("{bank}t", "never").execute_command("NOSUCH")
    raises("EXEC after an unknown command", redis.ResponseError, "Command # 2 (NOSUCH) of pipeline", pipe.execute)
    equal("GET after EXECABORT", client.get("{bank}t"), "text")


@feature(*BOTH)
def lua(app):
    """Scripts that change a key at once: a rate limit, and what types come back."""
    client = app.client
    limit = """
        local count = redis.call('INCR', KEYS[1])
        if count == 1 then redis.call('EXPIRE', KEYS[1], ARGV[2]) end
        return count <= tonumber(ARGV[1]) and 1 or 0"""
    for user in range(20):
        answers = [client.eval(limit, 1, f"limit:{user}", 3, 60) for _ in range(5)]
        equal("EVAL of the rate limit", answers, [1, 1, 1, 0, 0])
        between("TTL", client.ttl(f"limit:{user}"), 1, 60)
    shapes = "return {KEYS[1], ARGV[1], 7, {'a', false, 3.9}, redis.status_reply('FINE'), cjson.encode({1, 2})}"
    equal("the types of EVAL", client.eval(shapes, 1, "k", "v"), ["k", "v", 7, ["a", None, 3], "FINE", "[1,2]"])
    raises("EVAL that fails", redis.ResponseError, "my own error",
           lambda: client.eval("return redis.error_reply('ERR my own error')", 1, "k"))  # fmt: skip
    raises("EVAL that cannot be compiled", redis.ResponseError, "Error compiling script",
           lambda: client.eval("this is no Lua", 1, "k"))  # fmt: skip
    both = client.eval("return redis.call('MSET', KEYS[1], 'x', KEYS[2], 'y')", 2, "{p}1", "{p}2")
    equal("EVAL with two keys", (both, client.get("{p}2")), ("OK", "y"))


@feature(*BOTH)
def scripts(app):
    """Scripts that are loaded once and called by their hash, for keys anywhere."""
    client = app.client
    add = client.register_script("return redis.call('INCRBY', KEYS[1], ARGV[1])")
    for number in range(50):
        equal("a registered script", add(keys=[f"sum:{number}"], args=[number]), number)
    loaded = client.script_load("return ARGV[1] .. KEYS[1]")
    equal("SCRIPT LOAD", loaded, hashlib.sha1(b"return ARGV[1] .. KEYS[1]").hexdigest())
    equal("SCRIPT EXISTS", client.script_exists(loaded, "0" * 40), [True, False])
    for number in range(50):
        equal("EVALSHA", client.evalsha(loaded, 1, f"key:{number}", "x"), f"xkey:{number}")
    if not app.is_cluster:
        equal("EVALSHA without keys", client.evalsha(client.script_load("return ARGV[1]"), 0, "y"), "y")
        equal("EVAL without keys", client.eval("return ARGV[1]", 0, "z"), "z")
    equal("SCRIPT FLUSH", client.script_flush(), True)
    equal("SCRIPT EXISTS after it", client.script_exists(loaded), [False])
    equal("a registered script after it", add(keys=["sum:9"], args=[1]), 10)


@feature(*BOTH)
def functions(app):
    """A library of functions, loaded once and called for keys anywhere."""
    client = app.client
    library = """#!lua name=shop
        redis.register_function('add_to_cart', function(keys, args)
          return redis.call('HINCRBY', keys[1], args[1], args[2]) end)
        redis.register_function{function_name='cart_size', flags={'no-writes'}, callback=function(keys, args)
          return redis.call('HLEN', keys[1]) end}"""
    equal("FUNCTION LOAD", one(client.function_load(library)), "shop")
    for number in range(30):
        equal("FCALL", client.fcall("add_to_cart", 1, f"cart:{number}", "tea", 2), 2)
        equal("FCALL again", client.fcall("add_to_cart", 1, f"cart:{number}", "tea", 3), 5)
        equal("FCALL_RO", client.fcall_ro("cart_size", 1, f"cart:{number}"), 1)
    raises("FUNCTION LOAD again", redis.ResponseError, "Library 'shop' already exists", lambda: client.function_load(library))
    true("FUNCTION LIST: expected shop", "shop" in str(client.function_list()), "another")
    equal("FUNCTION DELETE", one(client.function_delete("shop")) in (True, "OK"), True)
    raises("FCALL after it", redis.ResponseError, "Function not found",
           lambda: client.fcall("add_to_cart", 1, "cart:1", "tea", 2))  # fmt: skip


@feature(*BOTH)
def scan(app):
    """Every key is found, once or more, whatever shard it is on, and the filters hold."""
    client = app.client
    texts = {f"user:{number}" for number in range(900)}
    hashes = {f"order:{number}" for number in range(300)}
    for key in texts:
        client.set(key, "x")
    for key in hashes:
        client.hset(key, "f", "v")
    equal("SCAN", set(client.scan_iter(count=50)), texts | hashes)
    equal("SCAN MATCH", set(client.scan_iter(match="user:1?", count=100)), {f"user:1{digit}" for digit in range(10)})
    equal("SCAN TYPE", set(client.scan_iter(count=100, _type="hash")), hashes)
    if not app.is_cluster:
        found, cursor, calls = set(), 0, 0
        while calls == 0 or cursor != 0:
            cursor, keys = client.scan(cursor, count=30)
            between("a cursor", cursor, 0, 2**53 - 1)
            found.update(keys)
            calls += 1
            client.set(f"new:{calls}", "x")
            client.delete(f"new:{calls - 1}")
            true("calls of SCAN: expected at most 1000", calls <= 1000, calls)
        equal("SCAN while keys come and go: the lasting keys", (texts | hashes) - found, set())


@feature(*BOTH)
def keyspace(app):
    """Commands about all keys."""
    client, every = app.client, app.every_node()
    names = [f"item:{number}" for number in range(200)]
    for name in names:
        client.set(name, "x")
    equal("DBSIZE", sum_of(client.dbsize(**every)), 200)
    same_items("KEYS", joined(client.keys("item:*", **every)), names)
    same_items("KEYS of a few", joined(client.keys("item:19?", **every)), [f"item:19{digit}" for digit in range(10)])
    true("RANDOMKEY: expected one of the keys", client.randomkey() in names, "another")
    equal("FLUSHDB", one(client.flushdb(**every)), True)
    equal("DBSIZE after FLUSHDB", sum_of(client.dbsize(**every)), 0)
    client.set("a", "x")
    equal("FLUSHALL", one(client.flushall(**every)), True)
    equal("GET after FLUSHALL", client.get("a"), None)


@feature(PLAIN)
def server(app):
    """What monitoring asks."""
    client = app.open(client_name="monitor")
    info = client.info()
    true("INFO redis_version: expected 7", str(info["redis_version"]).startswith("7."), info.get("redis_version"))
    for field in ("connected_clients", "used_memory", "total_commands_processed", "uptime_in_seconds"):
        true(f"INFO {field}: expected a number", isinstance(info.get(field), int), info.get(field))
    true("INFO of a section", "used_memory" in client.info("memory"), "no used_memory")
    equal("CONFIG GET", client.config_get("maxmemory-policy"), {"maxmemory-policy": "noeviction"})
    true("COMMAND COUNT: expected more than 200", client.command_count() > 200, client.command_count())
    between("TIME", client.time()[0], 1_700_000_000, 10_000_000_000)
    names = [entry["name"] for entry in client.client_list()]
    true("CLIENT LIST: expected to be in it", "monitor" in names, names)
    true("SLOWLOG GET: expected a list", isinstance(client.slowlog_get(5), list), "another")
    information = client.execute_command("COMMAND", "INFO", "get")
    true("COMMAND INFO: expected get", "get" in str(information), information)
    equal("COMMAND GETKEYS", client.command_getkeys("MSET", "a", "1", "b", "2"), ["a", "b"])
    equal("WAIT", client.wait(0, 100) >= 0, True)
