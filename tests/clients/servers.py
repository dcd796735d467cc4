"""The servers that the scenarios talk to, each a child process on a free port of 127.0.0.1, all gone at the end."""

import os
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "kit"))
from local_servers import HOST, ServerError, ask, die_with_parent, free_port, wait_for  # noqa: E402

PRIMARIES = 3
# Keyspace events are on, because a scenario listens to them.
REDIS_OPTIONS = ("--bind", HOST, "--save", "", "--appendonly", "no", "--notify-keyspace-events", "KEA")
MASTER = "mymaster"  # what a sentinel calls the primary, and so does Slotway if not told otherwise
CLUSTER_OPTIONS = ("--cluster-enabled", "yes", "--repl-diskless-sync-delay", "0")


class Servers:
    """Owns the child processes and one temporary folder; use it with `with`."""

    def __init__(self, node_timeout_ms=5000):
        self.node_timeout_ms = node_timeout_ms
        self.folder = tempfile.mkdtemp(prefix="slotway-clients-")
        self.children = []
        self.cluster = []  # ports of the nodes, the primaries first
        self.plain = None  # port of a redis-server without cluster mode
        self.sentinel = None  # port of a sentinel that watches it
        self.proxy = None  # port of Slotway

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # The proxy was started last and ends first: it answers what is in flight while the cluster is still there.
        for child in reversed(self.children):
            child.terminate()
            if child is self.children[-1]:
                self.end(child)
        for child in self.children:
            self.end(child)
        shutil.rmtree(self.folder, ignore_errors=True)

    @staticmethod
    def end(child):
        try:
            child.wait(timeout=15)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()

    def log_of(self, name):
        with open(os.path.join(self.folder, name + ".log"), encoding="utf-8", errors="replace") as file:
            return file.read()[-2000:]

    def start(self, name, *command, ready, environment=None):
        """A name that was there before is started again in its folder."""
        folder = os.path.join(self.folder, name)
        os.makedirs(folder, exist_ok=True)
        with open(folder + ".log", "ab") as log:
            child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder, preexec_fn=die_with_parent,
                env=environment,
            )  # fmt: skip
        self.children.append(child)

        def is_ready():
            if child.poll() is not None:
                raise ServerError(f"{name} ended with code {child.returncode}:\n{self.log_of(name)}")
            return ready()

        wait_for(name, is_ready)
        return child

    def start_redis(self, name, *more, port=None):
        port = port or free_port()
        self.start(
            name, "redis-server", "--port", str(port), *REDIS_OPTIONS, *more,
            ready=lambda: ask(port, "PING").startswith("+PONG"),
        )  # fmt: skip
        return port

    def start_plain(self):
        self.plain = self.start_redis("plain", "--repl-diskless-sync-delay", "0")

    def start_sentinel(self):
        """A replica of the plain server, and a sentinel that knows both."""
        replica = self.start_redis("replica", "--replicaof", HOST, str(self.plain))
        wait_for("the replica", lambda: "master_link_status:up" in ask(replica, "INFO"))
        port = free_port()
        settings = os.path.join(self.folder, "sentinel.conf")
        with open(settings, "w", encoding="utf-8") as file:
            file.write(f"bind {HOST}\nsentinel monitor {MASTER} {HOST} {self.plain} 1\n")
        self.start(
            "sentinel", "redis-server", settings, "--sentinel", "--port", str(port),
            ready=lambda: "master-link-status\r\n$2\r\nok" in ask(port, "SENTINEL", "REPLICAS", MASTER),
        )  # fmt: skip
        self.sentinel = port

    def start_node(self, number, port=None):
        timeout = ("--cluster-node-timeout", str(self.node_timeout_ms))
        return self.start_redis(f"node{number}", *CLUSTER_OPTIONS, *timeout, port=port)

    def start_cluster(self):
        """Three primaries with a replica each."""
        self.cluster = [self.start_node(number) for number in range(2 * PRIMARIES)]
        nodes = [f"{HOST}:{port}" for port in self.cluster]
        made = subprocess.run(
            ["redis-cli", "--cluster", "create", *nodes, "--cluster-replicas", "1", "--cluster-yes"],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        if made.returncode != 0:
            raise ServerError(f"redis-cli --cluster create: {made.stdout}{made.stderr}")
        for port in self.cluster:
            wait_for(f"the cluster at {port}", lambda at=port: "cluster_state:ok" in ask(at, "CLUSTER", "INFO"))
        for port in self.cluster[PRIMARIES:]:
            wait_for(f"the replica at {port}", lambda at=port: "master_link_status:up" in ask(at, "INFO"))

    def start_slotway(self, binary):
        port, admin = free_port(), free_port()

        def ready():
            try:
                return urllib.request.urlopen(f"http://{HOST}:{admin}/readyz", timeout=5).status == 200
            except urllib.error.URLError:
                return False

        seeds = ",".join(f"{HOST}:{node}" for node in self.cluster)
        self.slotway = self.start(
            "slotway", binary, "--upstream", seeds, "--listen", f"{HOST}:{port}", "--workers", "2",
            "--sentinel-view", "on", "--admin", f"{HOST}:{admin}", ready=ready,
        )  # fmt: skip
        self.proxy = port

    def clean(self):
        """Empties every server, past the proxy, so that each scenario begins with nothing."""
        for port in [*self.cluster[:PRIMARIES], *([self.plain] if self.plain else [])]:
            for command in (("FLUSHALL",), ("FUNCTION", "FLUSH"), ("SCRIPT", "FLUSH")):
                answer = ask(port, *command)
                if not answer.startswith("+OK"):
                    raise ServerError(f"{' '.join(command)} at {port}: {answer.strip()}")

    def check_alive(self):
        """A server that has died is the finding, not the scenarios that then fail."""
        for child in self.children:
            if child.poll() is not None:
                raise ServerError(f"{child.args[0]} ended with code {child.returncode} during a scenario")
