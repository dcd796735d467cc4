"""What every program here needs that starts servers of its own: free ports, a word with them, waiting for them."""

import ctypes
import random
import signal
import socket
import time

HOST = "127.0.0.1"
BUS_OFFSET = 10000


class ServerError(Exception):
    """A server that does not start or answer; its text says which, and what to do about it."""


def free_port():
    """A port below the kernel's range for outgoing connections, free together with its cluster bus port."""
    for port in random.sample(range(11000, 22000), 500):
        if can_bind(port) and can_bind(port + BUS_OFFSET):
            return port
    raise ServerError("no free port between 11000 and 22000")


def can_bind(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            return True
        except OSError:
            return False


def die_with_parent():
    """Runs in the child: the kernel kills it if this program dies without cleaning up."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


def encode(*arguments):
    parts = [b"*%d\r\n" % len(arguments)]
    for argument in arguments:
        data = argument if isinstance(argument, bytes) else str(argument).encode()
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
