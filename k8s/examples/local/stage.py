"""What a run needs: a cluster of six, Slotway, the web application and the load, each a child process at 127.0.0.1."""

import os
import re
import signal
import sys
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
EXAMPLES = os.path.dirname(HERE)
ROOT = os.path.dirname(os.path.dirname(EXAMPLES))
sys.path.insert(0, os.path.join(ROOT, "tests", "clients"))
from servers import HOST, PRIMARIES, Servers, ServerError, ask, free_port, wait_for  # noqa: E402

LAST_SLOT = 16383
# Requests that wait when the load ends are answered within it: Slotway's 25 s, and some.
STOP_SECONDS = 35


class Stage(Servers):
    """As tests/clients has it, with nodes that are killed and come back."""

    def start_cluster(self):
        """Returns when every node knows whose replicas there are: only then can one of them be elected."""
        super().start_cluster()
        for port in self.cluster:
            wait_for(f"{port} to know the replicas", lambda at=port: ask(at, "CLUSTER", "NODES").count("slave ") == PRIMARIES)

    def start_application(self):
        self.application = free_port()
        variables = {"HOST": HOST, "PORT": str(self.application), "REDIS_ADDRESS": f"{HOST}:{self.proxy}"}
        # Without the user's proxy for HTTP.
        ask_for = urllib.request.build_opener(urllib.request.ProxyHandler({})).open
        self.start(
            "hit_counter", sys.executable, "-B", os.path.join(EXAMPLES, "hit-counter", "hit_counter.py"),
            environment={**os.environ, **variables},
            ready=lambda: ask_for(f"http://{HOST}:{self.application}/healthz", timeout=5).status == 200,
        )  # fmt: skip

    def start_load(self, users, rate, seconds):
        """Returns when each kind of user has made a request."""
        self.record = os.path.join(self.folder, "record.csv")
        self.load = self.start(
            "locust", sys.executable, "-B", "-m", "locust", "--locustfile", os.path.join(EXAMPLES, "load", "locustfile.py"),
            "--headless", "--only-summary", "--users", str(users), "--spawn-rate", str(users), "--run-time", f"{seconds}s",
            "--stop-timeout", str(STOP_SECONDS), "--exit-code-on-error", "0", "--slotway", f"{HOST}:{self.proxy}",
            "--hit-counter", f"{HOST}:{self.application}", "--rate", str(rate), "--record", self.record,
            environment={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}, ready=self.all_kinds_are_at_work,
        )  # fmt: skip

    def all_kinds_are_at_work(self):
        with open(self.record, encoding="utf-8") as file:
            return {line.split(" ")[0].split(",")[0] for line in file} == {"plain", "cluster", "GET"}

    def wait_for_load(self, seconds):
        wait_for("the end of the load", lambda: self.load.poll() is not None, seconds)
        if self.load.returncode != 0:
            raise ServerError(f"locust ended with code {self.load.returncode}:\n{self.log_of('locust')}")
        self.children.remove(self.load)

    # --- nodes, by their number ---

    def nodes(self):
        """{port: Node} as a node that lives has it."""
        for port in self.cluster:
            try:
                lines = ask(port, "CLUSTER", "NODES").split("\r\n")[1].splitlines()
            except OSError:
                continue
            return dict(map(parsed_node, lines))
        raise ServerError("no node answers")

    def primary_of(self, slot):
        return next(port for port, node in self.nodes().items() if slot in node.slots)

    def replica_of(self, port):
        nodes = self.nodes()
        return next(other for other, node in nodes.items() if node.primary == nodes[port].id)

    def is_primary(self, port):
        return "master" in ask(port, "ROLE")

    def kill(self, port):
        """SIGKILL, and the time at which it was sent."""
        child = next(child for child in self.children if child.poll() is None and str(port) in child.args)
        when = time.monotonic()
        child.send_signal(signal.SIGKILL)
        child.wait()
        self.children.remove(child)
        return when

    def bring_back(self, port):
        """The node joins as a replica of the one that has taken over."""
        self.start_node(self.cluster.index(port), port)
        wait_for(f"the node {port} in step", lambda: "master_link_status:up" in ask(port, "INFO", "replication"), 30)


class Node:
    def __init__(self, identity, primary, slots):
        self.id = identity
        self.primary = primary
        self.slots = slots


def parsed_node(line):
    """(port, Node) of a line of CLUSTER NODES."""
    identity, address, _, primary, _, _, _, _, *ranges = line.split()
    slots = set()
    for first, last in re.findall(r"\b(\d+)(?:-(\d+))?\b", " ".join(r for r in ranges if not r.startswith("["))):
        slots |= set(range(int(first), int(last or first) + 1))
    return int(re.search(r":(\d+)@", address)[1]), Node(identity, primary, slots)
