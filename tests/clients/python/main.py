"""One scenario with redis-py: main.py CLIENT FEATURE HOST:PORT proxied|direct SECONDS; main.py --list names them."""

import os
import signal
import sys
import traceback

import app
import check
import data
import messages
import sentinel
import server
import streams

MODULES = (data, messages, sentinel, server, streams)  # importing them has filled app.features


def main():
    if sys.argv[1:] == ["--list"]:
        for client in app.BOTH:
            print("\n".join(f"{client} {feature}" for of, feature in app.features if of == client))
        return
    client, feature, address, mode, seconds = sys.argv[1:]

    def on_alarm(*_):
        # Threads may wait for ever: what is left of the process is not waited for.
        print(f"FAILED: not done within {seconds} s; the last check that held: {check.last_passed}", flush=True)
        os._exit(1)

    signal.signal(signal.SIGALRM, on_alarm)
    signal.alarm(int(seconds))
    try:
        application = app.App(client, address, mode == "proxied")
        app.features[client, feature](application)
        application.close()
    except check.CheckFailed as error:
        fail(error)
    except Exception as error:
        traceback.print_exc()
        fail(f"after \"{check.last_passed}\": {type(error).__name__}: {error}")


def fail(text):
    print(f"FAILED: {text}", flush=True)
    os._exit(1)


main()
