"""Redis servers and proxies on free ports for the benchmarks: each a child process, all gone at the end."""

import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "kit"))
from local_servers import HOST, ServerError, ask, die_with_parent, free_port, wait_for  # noqa: E402


class Bench:
    """Owns all child processes and one temporary folder; use it with `with`."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="slotway-bench-")
        self.children = []
        self.standalone = []  # ports
        self.cluster = []  # ports

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for child in reversed(self.children):
            child.terminate()
        for child in self.children:
            try:
                child.wait(timeout=10)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        return self.path(name)

    def start(self, name, *command, port, environment=None):
        """Starts a program and returns when PING is answered on `port`."""
        log = open(self.path(name + ".log"), "wb")
        try:
            child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=die_with_parent, cwd=self.folder,
                env=environment,
            )  # fmt: skip
        except FileNotFoundError as error:
            raise ServerError(f"{name} is not installed: {error.filename}") from error
        self.children.append(child)

        def ready():
            if child.poll() is not None:
                with open(self.path(name + ".log"), encoding="utf-8", errors="replace") as file:
                    raise ServerError(f"{name} ended with code {child.returncode}:\n{file.read()[-2000:]}")
            return ask(port, "PING").startswith("+PONG")

        wait_for(f"{name} on port {port}", ready)
        return child.pid

    def start_redis(self, name, *more):
        port = free_port()
        os.mkdir(self.path(name))
        self.start(
            name, "redis-server", "--port", str(port), "--bind", HOST, "--dir", self.path(name), "--save", "",
            "--appendonly", "no", *more, port=port,
        )  # fmt: skip
        return port

    def start_backends(self):
        """Three redis-servers of their own, and a cluster of three primaries."""
        self.standalone = [self.start_redis(f"redis{i}") for i in range(3)]
        self.cluster = [self.start_redis(f"node{i}", "--cluster-enabled", "yes") for i in range(3)]
        nodes = [f"{HOST}:{port}" for port in self.cluster]
        command = ["redis-cli", "--cluster", "create", *nodes, "--cluster-replicas", "0", "--cluster-yes"]
        made = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        if made.returncode != 0:
            raise ServerError("redis-cli --cluster create failed:\n" + made.stdout + made.stderr)
        for port in self.cluster:
            wait_for("the cluster", lambda port=port: "cluster_state:ok" in ask(port, "CLUSTER", "INFO"))

    # --- proxies: each returns (port, pid) ---

    def start_slotway(self, binary, *more, environment=None):
        port = free_port()
        seeds = ",".join(f"{HOST}:{node}" for node in self.cluster)
        command = [binary, "--upstream", seeds, "--listen", f"{HOST}:{port}", "--workers", "1", "--admin", "off", *more]
        return port, self.start("slotway", *command, port=port, environment=environment)

    def start_haproxy(self, max_clients=4096):
        port = free_port()
        config = self.write(
            "haproxy.cfg",
            f"""global
  nbthread 1
  maxconn {max_clients}
defaults
  mode tcp
  timeout connect 5s
  timeout client 1h
  timeout server 1h
listen redis
  bind {HOST}:{port}
  server redis {HOST}:{self.standalone[0]}
""",
        )
        return port, self.start("haproxy", "haproxy", "-db", "-f", config, port=port)

    def start_twemproxy(self):
        port = free_port()
        servers = "\n".join(f"   - {HOST}:{server}:1" for server in self.standalone)
        config = self.write(
            "nutcracker.yml",
            f"""pool:
  listen: {HOST}:{port}
  redis: true
  hash: crc16
  distribution: modula
  servers:
{servers}
""",
        )
        command = ["nutcracker", "--conf-file", config, "--stats-port", str(free_port()), "--mbuf-size", "16384"]
        return port, self.start("nutcracker", *command, port=port)

    def start_predixy(self, binary):
        port = free_port()
        servers = "\n".join(f"    + {HOST}:{server}" for server in self.cluster)
        config = self.write(
            "predixy.conf",
            f"""Name bench
Bind {HOST}:{port}
WorkerThreads 1
ClientTimeout 0
Log {self.path("predixy.out")}
Authority {{
  Auth {{
    Mode admin
  }}
}}
ClusterServerPool {{
  MasterReadPriority 60
  RefreshInterval 1
  ServerTimeout 5
  ServerFailureLimit 10
  ServerRetryTimeout 1
  Servers {{
{servers}
  }}
}}
""",
        )
        return port, self.start("predixy", binary, config, port=port)
