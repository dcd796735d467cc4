#!/usr/bin/env python3
"""Runs the scenarios of tests/clients: each is a process of its own with a time-out, and one line of output.

A line says `ok`, `FAILED`, `pending` (fails, and pending.txt knows why) or `skipped` (this Node.js is too old for the
client). The run exits 1 if a scenario failed, or if pending.txt names one that passes or does not exist.
"""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True
import servers  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.join(ROOT, "build", "clients")
PENDING = os.path.join(HERE, "pending.txt")
SECONDS = 60  # of one scenario; it then says itself what it waits for
GRACE = 5  # after which it is killed
PROGRAMS = {
    "python": [sys.executable, "-B", os.path.join(HERE, "python", "main.py")],
    "node": ["node", os.path.join(HERE, "node", "main.js")],
}


def parse_arguments():
    parser = argparse.ArgumentParser(
        prog="tests/clients/run.sh", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--slotway", metavar="PATH", default=os.path.join(ROOT, "build/release/proxy/slotway"),
        help="the binary to test (default: build/release/proxy/slotway)",
    )  # fmt: skip
    parser.add_argument(
        "--only", metavar="NAME", action="append", default=[],
        help="only this client, feature or client/feature; may be given several times",
    )  # fmt: skip
    parser.add_argument(
        "--direct", action="store_true",
        help="without Slotway: plain clients at a redis-server, cluster clients at the cluster, those that ask "
        "a sentinel at one; nothing is pending",
    )  # fmt: skip
    parser.add_argument("--list", action="store_true", help="print the scenarios and end")
    options = parser.parse_args()
    if not options.direct and not options.list and not os.access(options.slotway, os.X_OK):
        parser.error(f"there is no program {options.slotway}: build it (cmake --workflow --preset release) or --slotway")
    return options


def node_environment():
    return {**os.environ, "NODE_PATH": os.path.join(BUILD, "node_modules"), "PYTHONDONTWRITEBYTECODE": "1"}


def node_version():
    answer = subprocess.run([*PROGRAMS["node"][:1], "--version"], capture_output=True, text=True, check=True).stdout
    return int(re.match(r"v(\d+)", answer)[1])


def all_scenarios():
    """(program, client, feature, the oldest Node.js that the client runs on), in the order in which they run."""
    found = []
    for program, command in PROGRAMS.items():
        answer = subprocess.run(
            [*command, "--list"], capture_output=True, text=True, check=True, env=node_environment()
        ).stdout
        for line in answer.splitlines():
            client, feature, *oldest = line.split()
            found.append((program, client, feature, int(oldest[0]) if oldest else 0))
    return found


def chosen(scenarios, names):
    if not names:
        return scenarios
    picked = [entry for entry in scenarios if {entry[1], entry[2], f"{entry[1]}/{entry[2]}"} & set(names)]
    for name in names:
        if not any(name in (entry[1], entry[2], f"{entry[1]}/{entry[2]}") for entry in scenarios):
            sys.exit(f"tests/clients/run.sh: no client or feature is called {name}; --list names them")
    return picked


def read_pending():
    """client/feature, or client/* -> why it cannot work yet."""
    reasons = {}
    with open(PENDING, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            text = line.strip()
            if not text or text.startswith("#"):
                continue
            name, _, reason = text.partition(" ")
            if not reason.strip() or name in reasons:
                sys.exit(f"{PENDING}:{number}: a line is CLIENT/FEATURE or CLIENT/* and a reason, each once")
            reasons[name] = reason.strip()
    return reasons


def direct_port(started, client, feature):
    if feature.startswith("sentinel"):
        return started.sentinel
    return started.cluster[0] if client.endswith("-cluster") else started.plain


def run_scenario(program, client, feature, port, proxied):
    """(passed, what it printed)."""
    command = [*PROGRAMS[program], client, feature, f"{servers.HOST}:{port}", "proxied" if proxied else "direct",
               str(SECONDS)]  # fmt: skip
    child = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env=node_environment(), start_new_session=True, errors="replace",
    )  # fmt: skip
    try:
        output, _ = child.communicate(timeout=SECONDS + GRACE)
        return child.returncode == 0, output
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        output, _ = child.communicate()
        return False, f"{output}killed after {SECONDS + GRACE} s\n"
    except BaseException:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        raise


def cause_of(output):
    """The line that says what went wrong: the scenarios mark it."""
    lines = [line for line in output.splitlines() if line.strip()]
    marked = [line for line in lines if line.startswith("FAILED: ")]
    return (marked or lines or ["it printed nothing"])[-1].removeprefix("FAILED: ")


class Report:
    """Prints a line for each scenario and counts."""

    def __init__(self, pending, direct):
        self.pending = {} if direct else pending
        self.count = {"ok": 0, "FAILED": 0, "pending": 0, "skipped": 0}
        self.logs = os.path.join(BUILD, "logs")
        shutil.rmtree(self.logs, ignore_errors=True)
        os.makedirs(self.logs)

    def line(self, verdict, name, text):
        self.count[verdict] += 1
        print(f"{verdict:8} {name.partition('/')[0]:24} {name.partition('/')[2]:19} {text}".rstrip(), flush=True)

    def result(self, name, passed, output, seconds):
        with open(os.path.join(self.logs, name.replace("/", "-") + ".log"), "w", encoding="utf-8") as file:
            file.write(output)
        line = next((line for line in (name, name.partition("/")[0] + "/*") if line in self.pending), None)
        if passed and line:
            self.line("FAILED", name, f"passes, but tests/clients/pending.txt says {line}: remove that line")
        elif passed:
            self.line("ok", name, f"{seconds:.1f} s")
        elif line:
            self.line("pending", name, f"{self.pending[line]} [{cause_of(output)[:160]}]")
        else:
            self.line("FAILED", name, cause_of(output))
            print("".join(f"    {line}\n" for line in output.splitlines()[-40:]), end="", flush=True)

    def end(self):
        print(", ".join(f"{count} {verdict}" for verdict, count in self.count.items()))
        return 1 if self.count["FAILED"] else 0


def main():
    options = parse_arguments()
    scenarios = all_scenarios()
    if options.list:
        print("\n".join(f"{client}/{feature}" for _, client, feature, _ in scenarios))
        return 0
    pending = read_pending()
    known = {f"{client}/{name}" for _, client, feature, _ in scenarios for name in (feature, "*")}
    unknown = sorted(set(pending) - known)
    if unknown:
        sys.exit(f"{PENDING} names what is no scenario: {', '.join(unknown)}")
    report = Report(pending, options.direct)
    node = node_version()
    with servers.Servers() as started:
        started.start_cluster()
        if options.direct:
            started.start_plain()
            started.start_sentinel()
        else:
            started.start_slotway(os.path.abspath(options.slotway))
        for program, client, feature, oldest in chosen(scenarios, options.only):
            name = f"{client}/{feature}"
            if program == "node" and node < oldest:
                report.line("skipped", name, f"needs Node.js {oldest}, this is {node}")
                continue
            started.clean()
            port = started.proxy or direct_port(started, client, feature)
            begin = time.monotonic()
            passed, output = run_scenario(program, client, feature, port, not options.direct)
            report.result(name, passed, output, time.monotonic() - begin)
            started.check_alive()
    return report.end()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        sys.exit(main())
    except servers.ServerError as error:
        sys.exit(f"tests/clients/run.sh: {error}")
