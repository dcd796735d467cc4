"""Load for Locust (Debian's python3-locust): keys 0 to 1000 set and read at random through Slotway's one address.

ClusterUser holds a cluster-mode client, PlainUser an ordinary one, HitCounterUser hits the web application. Name the classes that
shall run on the command line. A value that was never written to its key is a failure that begins with "Wrong:".
"""

import csv
import http.client
import logging
import random
import re
import time
import urllib.parse

import redis
import redis.cluster
from locust import User, constant_throughput, events, task
from written import KEYS, Written, key_name

SOCKET_TIMEOUT = 2
# The web application answers within 30 s.
HTTP_TIMEOUT = 35
HIT = re.compile(rb"I have been hit ([1-9][0-9]*) times since deployment\.\n")
# One attempt. Debian's 4.3 counts attempts, and with 0 sends nothing at all; later versions count those after the first.
ATTEMPTS = 1 if redis.__version__.startswith("4.3.") else 0

written = Written()
settings = None
# Unless all keys were written at the start, one may still have no value.
is_filled = False
record = None

# It writes a traceback for each error that it raises anyway.
logging.getLogger("redis.cluster").setLevel(logging.CRITICAL)


class Wrong(Exception):
    """A reply that should not have been."""


@events.init_command_line_parser.add_listener
def add_options(parser):
    parser.add_argument("--slotway", metavar="HOST:PORT", env_var="SLOTWAY_ADDRESS", default="slotway:6379")
    parser.add_argument("--hit-counter", metavar="HOST:PORT", env_var="HIT_COUNTER", default="hit-counter-lb:80")
    parser.add_argument("--rate", type=float, env_var="RATE", default=50, help="requests of each user in a second (default 50)")
    parser.add_argument("--record", metavar="FILE", default="", help="write a line for each request: kind, key, begin, end, error")


@events.init.add_listener
def take_options(environment, **_):
    global settings, record
    settings = environment.parsed_options
    if settings.record:
        record = csv.writer(open(settings.record, "w", buffering=1, encoding="utf-8", newline=""))
    for user in (PlainUser, ClusterUser, HitCounterUser):
        user.wait_time = constant_throughput(settings.rate)


@events.test_start.add_listener
def fill(**_):
    """Every key gets a value with one MSET, which Slotway splits over the shards."""
    global is_filled
    try:
        values = {key_name(key): written.next_value(key) for key in KEYS}
        is_filled = redis.Redis(**address(), socket_timeout=30).mset(values)
    except redis.RedisError as error:
        logging.warning("the keys could not be filled; one without a value is no failure then: %s", error)


def address():
    host, _, port = settings.slotway.rpartition(":")
    return {"host": host, "port": int(port)}


def measured(environment, kind, name, key, call):
    """Calls, and tells Locust and the record what came of it."""
    start_time, begin, error = time.time(), time.monotonic(), None
    try:
        call()
    except Exception as caught:  # whatever a client raises is this request's failure
        error = caught
    end = time.monotonic()
    environment.events.request.fire(
        request_type=kind, name=name, start_time=start_time, response_time=(end - begin) * 1000, response_length=0,
        context={}, exception=error,
    )  # fmt: skip
    if record:
        text = f"{type(error).__name__}: {' '.join(str(error).split())}" if error else ""
        record.writerow([kind, key, f"{begin:.6f}", f"{end:.6f}", text])


class RedisUser(User):
    abstract = True
    kind = None
    client = None

    @task
    def set_or_get(self):
        key = random.choice(KEYS)
        what, call = random.choice((("SET", self.set), ("GET", self.get)))
        measured(self.environment, f"{self.kind} {what}", "load:*", key_name(key), lambda: call(key))

    def connected(self):
        """The client, made when it is first needed: what it does to begin with is part of the request."""
        if self.client is None:
            self.client = self.connect(**address(), socket_timeout=SOCKET_TIMEOUT, socket_keepalive=True, decode_responses=True)
        return self.client

    def set(self, key):
        if self.connected().set(key_name(key), written.next_value(key)) is not True:
            raise Wrong("SET was not answered with OK")

    def get(self, key):
        value = self.connected().get(key_name(key))
        if value is None and not is_filled:
            return
        problem = "no value" if value is None else written.problem(key, value)
        if problem:
            raise Wrong(problem)


class PlainUser(RedisUser):
    """An ordinary client, for which Slotway is one Redis server."""

    weight = 2
    kind = "plain"

    def connect(self, **options):
        return redis.Redis(**options)


class ClusterUser(RedisUser):
    """A cluster-mode client, for which Slotway is a cluster of one node."""

    weight = 2
    kind = "cluster"

    def connect(self, **options):
        return redis.cluster.RedisCluster(cluster_error_retry_attempts=ATTEMPTS, **options)


class HitCounterUser(User):
    weight = 1

    @task
    def hit(self):
        measured(self.environment, "GET", "/", "hits", self.get)

    def get(self):
        target = urllib.parse.urlsplit(f"//{settings.hit_counter}")
        connection = http.client.HTTPConnection(target.hostname, target.port, timeout=HTTP_TIMEOUT)
        try:
            connection.request("GET", "/")
            response = connection.getresponse()
            body = response.read()
        finally:
            connection.close()
        if response.status != 200:
            raise http.client.HTTPException(f"{response.status}: {body.decode(errors='replace').strip()}")
        if not HIT.fullmatch(body):
            raise Wrong(f"no number of hits: {body[:60]!r}")
