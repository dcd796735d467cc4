"""Ports of 127.0.0.1 that nobody listens on, below those that the system gives to outgoing connections."""

import random
import socket

BUS_OFFSET = 10000


def is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def find():
    """A port that is free together with the one 10000 above it, which a cluster's node takes too."""
    for _ in range(1000):
        port = random.randrange(11000, 21000)
        if is_free(port) and is_free(port + BUS_OFFSET):
            return port
    raise RuntimeError("found no free port")
