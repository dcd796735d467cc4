"""The servers that Redis's tests are run against: a plain redis-server, or Slotway in front of three primaries. Each
is started in a folder of its own on free ports, and ended by its process id."""

import os
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "kit"))
from local_servers import BUS_OFFSET, free_port  # noqa: E402

START_SECONDS = 20
LAST_SLOT = 16383


class StartError(Exception):
    pass


class Process:
    """A program that writes into a log, ended by its id."""

    def __init__(self, name, command, folder):
        os.makedirs(folder, exist_ok=True)
        self.name = name
        self.log_path_ = os.path.join(folder, "log")
        with open(self.log_path_, "wb") as log:
            self.process_ = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )

    def ended(self):
        """How it ended, in words; None while it runs."""
        code = self.process_.poll()
        if code is None:
            return None
        how = f"signal {-code} ({signal.Signals(-code).name})" if code < 0 else f"exit code {code}"
        return f"{self.name} ended with {how}"

    def log(self):
        with open(self.log_path_, encoding="utf-8", errors="replace") as file:
            return file.read()

    def stop(self):
        if self.process_.poll() is None:
            self.process_.terminate()
            try:
                self.process_.wait(3)
            except subprocess.TimeoutExpired:
                self.process_.kill()
        self.process_.wait()


def ask(port, *words):
    """One inline command's reply, as far as it comes in one piece; an empty string if there is none."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.sendall(" ".join(words).encode() + b"\r\n")
            return connection.recv(65536).decode("utf-8", "replace")
    except OSError:
        return ""


def redis_command(port, folder):
    """A redis-server without what slows tests down or depends on the machine."""
    os.makedirs(folder, exist_ok=True)
    quiet = ["--save", "", "--appendonly", "no", "--daemonize", "no"]
    return ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", folder, *quiet]


class Servers:
    """Processes that are one server to its clients. Started at once and awaited in `with`, so that they can be started
    ahead of their use."""

    def __init__(self, folder):
        self.folder_ = folder
        self.port = 0
        self.processes_ = []
        try:
            self.launch()
        except BaseException:
            self.stop()
            raise

    def launch(self):
        raise NotImplementedError

    def is_ready(self):
        raise NotImplementedError

    def start(self, name, command, folder):
        self.processes_.append(Process(name, command, folder))

    def ended_early(self):
        return "; ".join(filter(None, (process.ended() for process in self.processes_)))

    def stop(self):
        while self.processes_:
            self.processes_.pop().stop()

    def wait_until_ready(self):
        limit = time.monotonic() + START_SECONDS
        while not self.is_ready():
            if self.ended_early() or time.monotonic() > limit:
                logs = "\n".join(f"{process.name}:\n{process.log()}" for process in self.processes_)
                raise StartError(f"{self.ended_early() or 'the servers are not ready'}\n{logs}")
            time.sleep(0.02)

    def __enter__(self):
        try:
            self.wait_until_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()


class Standalone(Servers):
    def launch(self):
        self.port = free_port()
        self.start("redis-server", redis_command(self.port, self.folder_), self.folder_)

    def is_ready(self):
        return ask(self.port, "PING") == "+PONG\r\n"


class Cluster(Servers):
    """Primaries that share the slots. Each starts with a finished nodes.conf, so that nothing has to be negotiated."""

    node_count = 3

    def launch(self):
        self.ports_ = []
        while len(self.ports_) < self.node_count:
            port = free_port()
            if port not in self.ports_:
                self.ports_.append(port)
        for index, port in enumerate(self.ports_):
            folder = os.path.join(self.folder_, f"node-{index + 1}")
            command = redis_command(port, folder) + ["--cluster-enabled", "yes", "--cluster-announce-ip", "127.0.0.1"]
            with open(os.path.join(folder, "nodes.conf"), "w", encoding="ascii") as file:
                file.write(nodes_file(self.ports_, index))
            self.start(f"redis-server {index + 1}", command, folder)
        self.port = self.ports_[0]

    def is_ready(self):
        return all("cluster_state:ok" in ask(port, "CLUSTER", "INFO") for port in self.ports_)


def nodes_file(ports, own_index):
    lines = []
    for index, port in enumerate(ports):
        first = (LAST_SLOT + 1) * index // len(ports)
        last = (LAST_SLOT + 1) * (index + 1) // len(ports) - 1
        flags = "myself,master" if index == own_index else "master"
        address = f"127.0.0.1:{port}@{port + BUS_OFFSET}"
        lines.append(f"{index + 1:040x} {address} {flags} - 0 0 {index + 1} connected {first}-{last}\n")
    return "".join(lines) + f"vars currentEpoch {len(ports)} lastVoteEpoch 0\n"


class SlotwayCluster(Cluster):
    """Slotway in front of such a cluster, with its default options."""

    def __init__(self, folder, binary):
        self.binary_ = binary
        super().__init__(folder)

    def launch(self):
        super().launch()
        self.port = free_port()
        seeds = ",".join(f"127.0.0.1:{port}" for port in self.ports_)
        command = [self.binary_, "--upstream", seeds, "--listen", f"127.0.0.1:{self.port}", "--admin", "off"]
        self.start("slotway", command, os.path.join(self.folder_, "slotway"))

    def is_ready(self):
        """Keys of the first, the middle and the last third of the slots are served."""
        keys = ("bar", "hello", "foo")
        return super().is_ready() and all(ask(self.port, "EXISTS", key) == ":0\r\n" for key in keys)
