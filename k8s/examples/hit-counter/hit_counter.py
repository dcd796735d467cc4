#!/usr/bin/env python3
"""A web application that counts its hits in Redis, through Slotway and with an ordinary client: it knows of no cluster.

GET / counts and says how often; GET /healthz says that the process is there, whatever Redis does. Variables: PORT (5000), HOST to
listen at (0.0.0.0), REDIS_ADDRESS (slotway:6380), REDIS_TIMEOUT (30) and DRAIN_DELAY (0) in seconds. At SIGTERM it serves for the
delay as before, then it answers what it has begun, and ends.
"""

import http.server
import os
import signal
import sys
import threading

KEY = "hits"
# More than Slotway waits for a shard's new primary (failover.hold and timeouts.request, 25 s): it answers first, and then it is known
# whether the hit was counted.
REDIS_TIMEOUT = 30
# Requests that wait for Redis at the same time; more are told so, instead of piling up.
MAX_WAITING = 200


class Handler(http.server.BaseHTTPRequestHandler):
    """A thread and a connection for each request (HTTP/1.0), so that requests and not clients are spread over pods."""

    # Of a client that sends no request, or does not read.
    timeout = 10

    def do_GET(self):
        if self.path == "/healthz":
            self.answer(200, "ok")
        elif self.path != "/":
            self.answer(404, "only / and /healthz are here")
        else:
            self.count()

    def count(self):
        try:
            hits = self.server.count_hit()
        except Exception as error:  # whatever it is, this request fails and the next may not
            self.answer(503, f"not counted: {one_line(error)}")
        else:
            self.answer(200, f"I have been hit {hits} times since deployment.")

    def answer(self, status, text):
        body = f"{text}\n".encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code="-", size="-"):
        """Only what went wrong is worth a line."""
        if code not in (200, 404):
            super().log_request(code, size)


def one_line(error):
    return " ".join(str(error).split()) or type(error).__name__


class Server(http.server.ThreadingHTTPServer):
    # Those that are being answered at the end are answered.
    daemon_threads = False
    request_queue_size = 128

    def __init__(self, address, count_hit):
        super().__init__(address, Handler)
        self.count_hit = count_hit

    def handle_error(self, request, client_address):
        """A client that went away is no reason for a traceback."""
        print(f"{client_address[0]}: {one_line(sys.exc_info()[1])}", file=sys.stderr, flush=True)


def hit_counting(address, timeout):
    """A function that counts a hit and returns how many there have been."""
    import redis  # Debian's python3-redis; not needed to test what is above

    host, _, port = address.rpartition(":")
    # A connection that was lost is opened again with the next request. A hit is never counted a second time to make sure.
    pool = redis.BlockingConnectionPool(
        host=host, port=int(port), max_connections=MAX_WAITING, timeout=1, socket_timeout=timeout, socket_connect_timeout=2,
        socket_keepalive=True,
    )  # fmt: skip
    client = redis.Redis(connection_pool=pool)
    return lambda: client.incr(KEY)


def main():
    address = os.environ.get("HOST", "0.0.0.0"), int(os.environ.get("PORT", "5000"))
    redis_address = os.environ.get("REDIS_ADDRESS", "slotway:6380")
    count_hit = hit_counting(redis_address, float(os.environ.get("REDIS_TIMEOUT", REDIS_TIMEOUT)))
    delay = float(os.environ.get("DRAIN_DELAY", "0"))
    with Server(address, count_hit) as server:
        # On a thread of its own: shutdown() waits for the loop that this one is in.
        signal.signal(signal.SIGTERM, lambda *_: threading.Timer(delay, server.shutdown).start())
        print(f"hit_counter: at {address[0]}:{address[1]}, counting at {redis_address}", flush=True)
        server.serve_forever(poll_interval=0.1)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
