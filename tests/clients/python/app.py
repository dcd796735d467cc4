"""How the scenarios connect with redis-py, and the list of them."""

import threading

import check
import redis
from redis.cluster import RedisCluster

PLAIN = "redis-py"
CLUSTER = "redis-py-cluster"
BOTH = (PLAIN, CLUSTER)

features = {}  # (client, feature) -> function


def feature(*clients):
    """Makes a function the scenario of that name for these clients; underscores become dashes."""

    def register(function):
        for client in clients:
            features[client, function.__name__.replace("_", "-")] = function
        return function

    return register


class App:
    """An application with a client of its own and, where it needs them, more connections."""

    def __init__(self, client, address, proxied):
        self.address = address
        self.host, _, port = address.rpartition(":")
        self.port = int(port)
        self.is_cluster = client == CLUSTER
        self.proxied = proxied
        self.opened = []
        self.client = self.open()

    def open(self, **options):
        options = {"decode_responses": True, "socket_timeout": 10, "socket_connect_timeout": 5, **options}
        kind = RedisCluster if self.is_cluster else redis.Redis
        client = kind(host=self.host, port=self.port, **options)
        self.opened.append(client)
        if self.is_cluster and self.proxied:
            check.equal("the only node that the client knows", self.nodes(client), [self.address])
        return client

    @staticmethod
    def nodes(client):
        return sorted(f"{node.host}:{node.port}" for node in client.get_nodes())

    def every_node(self):
        """The option that sends a keyspace-wide command of a cluster client to each primary."""
        return {"target_nodes": RedisCluster.PRIMARIES} if self.is_cluster else {}

    def close(self):
        for client in self.opened:
            client.close()


def sum_of(answer):
    """A keyspace-wide count, which a cluster client gives per node."""
    return sum(answer.values()) if isinstance(answer, dict) else answer


def joined(answer):
    """A keyspace-wide list, likewise."""
    return [item for part in answer.values() for item in part] if isinstance(answer, dict) else answer


class Threads:
    """Runs functions side by side; leaving the block waits for them, and the first error of one is the block's."""

    def __init__(self):
        self.threads = []
        self.errors = []

    def run(self, function, *arguments):
        def body():
            try:
                function(*arguments)
            except Exception as error:
                self.errors.append(error)

        self.threads.append(threading.Thread(target=body, daemon=True))
        self.threads[-1].start()

    def until(self, what, condition):
        """Waits for the condition; at once the error of a function that has failed."""

        def holds():
            if self.errors:
                raise self.errors[0]
            return condition()

        check.eventually(what, holds)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            for thread in self.threads:
                thread.join()
        if self.errors:
            raise self.errors[0]
