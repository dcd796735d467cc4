"""The servers that the scenarios talk to, each a child process on a free port of 127.0.0.1, all gone at the end."""

import ctypes
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

HOST = "127.0.0.1"
BUS_OFFSET = 10000
PRIMARIES = 3
# Keyspace events are on, because a scenario listens to them.
REDIS_OPTIONS = ("--bind", HOST, "--save", "", "--appendonly", "no", "--notify-keyspace-events", "KEA")
CLUSTER_OPTIONS = ("--cluster-enabled", "yes", "--cluster-node-timeout", "5000", "--repl-diskless-sync-delay", "0")


class ServerError(Exception):
    """A server that does not start or answer; its text says which, and what its log says."""


def can_bind(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            return True
        except OSError:
            return False


def free_port():
    """A port below the kernel's range for outgoing connections, free together with its cluster bus port."""
    for port in random.sample(range(11000, 22000), 500):
        if can_bind(port) and can_bind(port + BUS_OFFSET):
            return port
    raise ServerError("no free port between 11000 and 22000")


def die_with_parent():
    """Runs in the child: the kernel kills it if this program dies without cleaning up."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


def encode(*arguments):
    parts = [b"*%d\r\n" % len(arguments)]
    for argument in arguments:
        data = str(argument).encode()
        parts.append(b"$%d\r\n%s\r\n" % (len(data), data))
    return b"".join(parts)


def ask(port, *arguments):
    """One command, one short reply, as text."""
    with socket.create_connection((HOST, port), timeout=10) as connection:
        connection.sendall(encode(*arguments))
        return connection.recv(65536).decode(errors="replace")


def wait_for(what, condition, seconds=20):
    deadline = time.monotonic() + seconds
    while True:
        try:
            if condition():
                return
        except OSError:
            pass
        if time.monotonic() > deadline:
            raise ServerError(f"waited {seconds} s in vain for {what}")
        time.sleep(0.05)


class Servers:
    """Owns the child processes and one temporary folder; use it with `with`."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="slotway-clients-")
        self.children = []
        self.cluster = []  # ports of the nodes, the primaries first
        self.plain = None  # port of a redis-server without cluster mode
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

    def start(self, name, *command, ready):
        folder = os.path.join(self.folder, name)
        os.mkdir(folder)
        with open(folder + ".log", "wb") as log:
            child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder, preexec_fn=die_with_parent
            )
        self.children.append(child)

        def is_ready():
            if child.poll() is not None:
                raise ServerError(f"{name} ended with code {child.returncode}:\n{self.log_of(name)}")
            return ready()

        wait_for(name, is_ready)
        return child

    def start_redis(self, name, *more):
        port = free_port()
        self.start(
            name, "redis-server", "--port", str(port), *REDIS_OPTIONS, *more,
            ready=lambda: ask(port, "PING").startswith("+PONG"),
        )  # fmt: skip
        return port

    def start_plain(self):
        self.plain = self.start_redis("plain")

    def start_cluster(self):
        """Three primaries with a replica each."""
        self.cluster = [self.start_redis(f"node{number}", *CLUSTER_OPTIONS) for number in range(2 * PRIMARIES)]
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
            "slotway", binary, "--cluster", seeds, "--listen", f"{HOST}:{port}", "--workers", "2",
            "--admin", f"{HOST}:{admin}", ready=ready,
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
