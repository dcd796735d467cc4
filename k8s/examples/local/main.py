#!/usr/bin/env python3
"""The examples without Kubernetes: a cluster of six, Slotway, the hit counter and the load; a primary is killed meanwhile.

Ends with 1 if a reply was wrong, a hit was counted twice, or the service did not come back.
"""

import argparse
import os
import shutil
import signal
import sys
import time

sys.dont_write_bytecode = True
import report  # noqa: E402
from stage import ROOT, STOP_SECONDS, ServerError, Stage, ask, wait_for  # noqa: E402

COUNTER = "hits"
# The service is there if each kind of request succeeds in the last seconds.
LAST_SECONDS = 5
RETURN_SECONDS = 5


def parse_arguments():
    parser = argparse.ArgumentParser(prog="k8s/examples/run-local.sh", description=__doc__)
    parser.add_argument("--slotway", metavar="PATH", help="this binary, instead of building the release preset")
    parser.add_argument("--seconds", type=int, default=60, help="length of the load (default: 60)")
    parser.add_argument("--node-timeout", type=int, default=5000, metavar="MS",
                        help="cluster-node-timeout (default: 5000)")  # fmt: skip
    parser.add_argument("--users", type=int, default=20, help="two fifths have an ordinary client, two fifths one in cluster "
                        "mode, one fifth hit the web application (default: 20)")  # fmt: skip
    parser.add_argument("--rate", type=float, default=20, help="requests of each user in a second (default: 20)")
    parser.add_argument("--hand-over", action="store_true",
                        help="the primary hands over to its replica before it is killed, as the pods of the overlays do")  # fmt: skip
    parser.add_argument("--keep", metavar="FOLDER", help="copy logs and the record of all requests there")
    options = parser.parse_args()
    options.slotway = os.path.abspath(options.slotway or os.path.join(ROOT, "build/release/proxy/slotway"))
    if not os.access(options.slotway, os.X_OK):
        parser.error(f"there is no program {options.slotway}")
    if options.users < 5:
        parser.error("--users: at least 5, for there are three kinds")
    # A quarter before the fault, the election, and some time to see that it goes on.
    least = int((options.node_timeout / 1000 * 2 + 15) * 4 / 3) + 1
    if options.seconds < least:
        parser.error(f"--seconds: at least {least} with this --node-timeout, to see what comes after the election")
    return options


def say(text):
    print(text, flush=True)


def start(stage, options):
    say("Starting a cluster of three primaries with a replica each, Slotway, and the hit counter...")
    stage.start_cluster()
    stage.start_slotway(options.slotway)
    stage.start_application()
    stage.start_load(options.users, options.rate, options.seconds)
    say(f"Load for {options.seconds} s: {options.users} users, each with up to {options.rate:g} requests in a second.")


def hand_over(replica, stage):
    ask(replica, "CLUSTER", "FAILOVER")
    wait_for("the replica to take over", lambda: stage.is_primary(replica))


def run_fault(stage, options, slot):
    """Kills the primary of the slot and brings it back when another one has taken over. Returns the slots, the
    time of the fault, and the time at which the node was back."""
    victim = stage.primary_of(slot)
    slots = stage.nodes()[victim].slots
    replica = stage.replica_of(victim)
    time.sleep(options.seconds / 4)
    fault = time.monotonic()
    if options.hand_over:
        hand_over(replica, stage)
        say(f"The primary of the counter's shard, {victim}, has handed over to {replica}; SIGKILL.")
    else:
        say(f"SIGKILL for the primary of the counter's shard, {victim}.")
    killed = stage.kill(victim)
    wait_for("an election", lambda: stage.is_primary(replica), options.node_timeout / 1000 * 2 + 10)
    say(f"Its replica {replica} is the primary, {time.monotonic() - fault:.1f} s later.")
    time.sleep(RETURN_SECONDS)
    stage.bring_back(victim)
    say(f"{victim} is back, and a replica in step, {time.monotonic() - killed:.1f} s after its end.")
    return slots, fault, time.monotonic()


def print_errors(found):
    say("Errors:" if found else "No errors.")
    for text, count in found.most_common(12):
        say(f"  {count:6}  {text[:150]}")


def judge(stage, requests, slots, fault, back, end):
    """Prints what came of it; returns what must not have been."""
    from redis.crc import key_slot  # Debian's python3-redis

    found = report.Report(requests, lambda key: key_slot(key.encode()) in slots, fault, back, end)
    value = int(ask(stage.proxy, "GET", COUNTER).split("\r\n")[1])
    acknowledged, failed = found.hits()
    verdict, is_right = report.counter_verdict(value, acknowledged, failed)
    say("\nBefore the kill, during the longest gap that followed, after it; times with those of errors:\n")
    say("\n".join(report.table(found.rows())))
    print_errors(report.by_text(requests))
    say(f"\nLongest gap without a successful write to that shard: {found.gap.end - found.gap.begin:.2f} s"
        f" (it began {found.gap.begin - fault:+.2f} s after the fault)")  # fmt: skip
    say(f"Longest time without any good reply, of all shards: {report.longest_silence(requests):.2f} s")
    say(f"Wrong replies: {len(found.wrong())}")
    say(f"Hit counter: {value}; acknowledged {acknowledged}, failed {failed}: {verdict}")
    problems = [f"a wrong reply: {request.error}" for request in found.wrong()[:5]]
    problems += [] if is_right else [verdict]
    problems += [f"{group}: no success in the last {LAST_SECONDS} s" for group in found.silent_groups(LAST_SECONDS)]
    return problems


def keep(stage, folder):
    shutil.copytree(stage.folder, folder, dirs_exist_ok=True)
    say(f"Logs and record.csv are in {folder}.")


def run(options):
    from redis.crc import key_slot

    with Stage(options.node_timeout) as stage:
        try:
            start(stage, options)
            begin = time.monotonic()
            slots, fault, back = run_fault(stage, options, key_slot(COUNTER.encode()))
            stage.wait_for_load(options.seconds + STOP_SECONDS + 10)
            end = min(begin + options.seconds, time.monotonic())
            stage.check_alive()
            problems = judge(stage, report.read_requests(stage.record), slots, fault, back, end)
        finally:
            if options.keep:
                keep(stage, options.keep)
    for problem in problems:
        say(f"FAILED: {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        sys.exit(run(parse_arguments()))
    except ServerError as error:
        sys.exit(f"k8s/examples/run-local.sh: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
