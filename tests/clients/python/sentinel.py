"""Applications that ask a sentinel where to go. Slotway answers as one (sentinel_view) and names itself."""

import redis
from app import PLAIN, feature
from check import equal, eventually, raises
from redis.sentinel import MasterNotFoundError, Sentinel

NAME = "mymaster"


def ask_at(app):
    return Sentinel([(app.host, app.port)], socket_timeout=10, decode_responses=True)


def opened(app, client):
    app.opened.append(client)
    return client


@feature(PLAIN)
def sentinel(app):
    """The primary is found by its name, written to, and found again when its connection has been closed."""
    asked = ask_at(app)
    address = asked.discover_master(NAME)
    if app.proxied:
        equal("the primary", address, (app.host, app.port))
    # app.client is at the address that is asked, which without Slotway is the sentinel's.
    state = app.client.sentinel_master(NAME)
    equal("SENTINEL MASTER", (state["name"], state["ip"], state["port"]), (NAME, *address))
    equal("its flags", (state["is_master"], state["is_sdown"], state["is_odown"]), (True, False, False))
    equal("SENTINEL MASTERS", list(app.client.sentinel_masters()), [NAME])
    equal("SENTINEL GET-MASTER-ADDR-BY-NAME", app.client.sentinel_get_master_addr_by_name(NAME), address)
    equal("SENTINEL SENTINELS", app.client.sentinel_sentinels(NAME), [])
    raises("discover_master of another name", MasterNotFoundError, "No master found for 'other'",
           lambda: asked.discover_master("other"))  # fmt: skip
    raises("SENTINEL MASTER of another name", redis.ResponseError, "No such master with that name",
           lambda: app.client.sentinel_master("other"))  # fmt: skip
    equal("the address of another name", app.client.sentinel_get_master_addr_by_name("other"), None)

    primary = opened(app, asked.master_for(NAME))
    for number in range(50):
        equal("SET", primary.set(f"user:{number}", number), True)
        equal("GET", primary.get(f"user:{number}"), str(number))
    pipe = primary.pipeline(transaction=False)
    for number in range(50):
        pipe.incr(f"user:{number}").get(f"user:{number}")
    answers = [answer for number in range(50) for answer in (number + 1, str(number + 1))]
    equal("a pipeline over slots", pipe.execute(), answers)
    equal("MULTI", primary.pipeline().set("{t}a", "x").incr("{t}n").get("{t}a").execute(), [True, 1, "x"])

    other = opened(app, asked.master_for(NAME))
    old = primary.client_id()
    equal("CLIENT KILL", other.client_kill_filter(_id=old), 1)
    # Before that, a command could still leave on the old connection, and fail with it.
    eventually("the end of the connection", lambda: str(old) not in [entry["id"] for entry in other.client_list()])
    equal("GET on a new connection", primary.get("user:7"), "8")
    equal("CLIENT ID: another than before", primary.client_id() != old, True)


@feature(PLAIN)
def sentinel_replica(app):
    """A replica is found by the primary's name and read from; what the primary has taken arrives there."""
    asked = ask_at(app)
    replicas = asked.discover_slaves(NAME)
    equal("the number of replicas", len(replicas), 1)
    if app.proxied:
        equal("the replica", replicas, [(app.host, app.port)])
    states = app.client.sentinel_slaves(NAME)
    equal("SENTINEL SLAVES", [(state["ip"], state["port"]) for state in states], replicas)
    equal("its flags", [(state["is_slave"], state["is_sdown"]) for state in states], [(True, False)])
    equal("its link", states[0]["master-link-status"], "ok")
    equal("discover_slaves of another name", asked.discover_slaves("other"), [])

    primary, replica = opened(app, asked.master_for(NAME)), opened(app, asked.slave_for(NAME))
    for number in range(50):
        equal("SET", primary.set(f"page:{number}", f"text {number}"), True)
    # A replica may be behind.
    eventually("the last value at the replica", lambda: replica.get("page:49") == "text 49")
    for number in range(50):
        equal("GET", replica.get(f"page:{number}"), f"text {number}")
    equal("GET of nothing", replica.get("nothing"), None)
    pipe = replica.pipeline(transaction=False)
    for number in range(50):
        pipe.get(f"page:{number}")
    equal("a pipeline over slots", pipe.execute(), [f"text {number}" for number in range(50)])
