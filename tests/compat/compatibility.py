#!/usr/bin/env python3
"""Runs Redis's tests through Slotway and through a plain redis-server, and says what Slotway misses of what the latter
passes. run.sh calls it. Exits 0 if the failures are those of expected_failures.txt, 1 if not, 2 for a wrong call."""

import argparse
import concurrent.futures
import os
import signal
import subprocess
import sys
import tempfile
import time

import expectations
import servers
import unit_report
import unit_runner
import units
from suite_output import PASSED

ARCHIVE = "redis_7.0.15.orig.tar.gz"
STANDALONE_STALL_SECONDS = 120
UNIT_LIMIT_SECONDS = 600


def arguments():
    parser = argparse.ArgumentParser(prog="tests/compat/run.sh")
    parser.add_argument("--fast", action="store_true", help="only the units that take little time")
    parser.add_argument("--unit", action="append", metavar="NAME", default=[], help="only this unit; may be repeated")
    parser.add_argument("--slotway", metavar="PATH", default="build/release/proxy/slotway", help="the binary to test")
    parser.add_argument("--standalone-only", action="store_true", help="only measure what a plain redis-server passes")
    parser.add_argument("--source", default="build/compat/source", help=argparse.SUPPRESS)
    parser.add_argument("--results", default="build/compat/results", help=argparse.SUPPRESS)
    options = parser.parse_args()
    wrong = [name for name in options.unit if not units.known_unit(name)]
    if wrong:
        parser.error(f"no unit of this run: {', '.join(wrong)}; there are {', '.join(units.UNITS)}")
    if not options.standalone_only and not os.access(options.slotway, os.X_OK):
        parser.error(f"no program {options.slotway}")
    if options.unit:
        options.units = list(dict.fromkeys(map(units.known_unit, options.unit)))
    else:
        options.units = units.FAST_UNITS if options.fast else units.UNITS
    return options


class Ahead:
    """Gives servers of one kind, and starts the next ones while those are in use: a cluster needs two seconds."""

    def __init__(self, make, folder):
        self.make_, self.folder_ = make, folder
        self.count_ = 0
        self.next_ = None

    def take(self):
        taken, self.next_ = self.next_ or self.launch_(), None
        if taken.ended_early():  # Somebody else took a port between its choice and its use.
            taken.stop()
            taken = self.launch_()
        self.next_ = self.launch_()
        return taken

    def launch_(self):
        self.count_ += 1
        return self.make_(os.path.join(self.folder_, str(self.count_)))

    def stop(self):
        if self.next_:
            self.next_.stop()


class Stage:
    """A copy of the suite, and the servers that it is run against."""

    def __init__(self, archive, make, folder):
        self.suite = unit_runner.Suite(archive, os.path.join(folder, "suite"))
        self.servers = Ahead(make, os.path.join(folder, "servers"))

    def stop(self):
        self.suite.stop()
        self.servers.stop()


class CompatibilityRun:
    """The units one after the other. Most of their time is waiting, so the plain redis-server has a thread of its own,
    and is some units ahead."""

    def __init__(self, options, expected, folder):
        self.options_, self.expected_ = options, expected
        binary = os.path.abspath(options.slotway)
        self.standalone_ = self.stage_(servers.Standalone, folder, "standalone")
        self.slotway_ = self.stage_(lambda place: servers.SlotwayCluster(place, binary), folder, "slotway")
        self.comparisons_, self.deviations_, self.unsteady_, self.crashes_ = {}, [], [], []

    def stage_(self, make, folder, name):
        return Stage(os.path.join(self.options_.source, ARCHIVE), make, os.path.join(folder, name))

    def run(self):
        """All units; gives whether everything is as expected."""
        started = time.monotonic()
        print(unit_report.HEADING)
        with concurrent.futures.ThreadPoolExecutor(1) as ahead:
            standalone = [ahead.submit(self.run_standalone_, unit) for unit in self.options_.units]
            try:
                for unit, result in zip(self.options_.units, standalone, strict=True):
                    self.run_unit_(unit, result.result())
            finally:
                self.standalone_.suite.stop()
                ahead.shutdown(cancel_futures=True)
                self.standalone_.stop()
                self.slotway_.stop()
        ceiling = sum(comparison.ceiling() for comparison in self.comparisons_.values())
        passed = sum(len(comparison.passed) for comparison in self.comparisons_.values())
        print(unit_report.row("total", ceiling, passed, time.monotonic() - started))
        if self.options_.standalone_only:
            return True
        self.report_(ceiling, passed)
        return not self.deviations_ and not self.crashes_ and ceiling > 0

    def run_standalone_(self, unit):
        return self.call_(unit, "standalone", self.standalone_, STANDALONE_STALL_SECONDS)

    def run_unit_(self, unit, standalone):
        """A unit through Slotway, and once more if anything is otherwise than expected."""
        started = time.monotonic()
        self.print_notes_(f"standalone {unit}", standalone)
        expected = self.expected_.get(unit, {})
        found, proxied = [], standalone
        if not self.options_.standalone_only:
            stall = 15 + round(2 * unit_runner.slowest_seconds(standalone.results))
            left_out = expectations.left_out(expected)
            proxied = self.call_(unit, "slotway", self.slotway_, stall, left_out)
        comparison = unit_report.compare(standalone, proxied)
        if not self.options_.standalone_only:
            found = expectations.deviations(unit, expected, comparison)
        if found:
            again = self.call_(unit, "slotway-again", self.slotway_, stall, left_out)
            found = self.confirmed_(found, unit, expected, unit_report.compare(standalone, again))
        self.deviations_ += found
        self.comparisons_[unit] = comparison
        print(unit_report.row(unit, comparison.ceiling(), len(comparison.passed), time.monotonic() - started))
        self.print_notes_(unit, proxied)

    def print_notes_(self, name, outcome):
        for note in outcome.notes:
            print(f"  {name}: {unit_report.shortened(note)}")

    def call_(self, unit, name, stage, stall, left_out=()):
        path = os.path.join(self.options_.results, f"{unit.replace('/', '-')}.{name}.log")
        with open(path, "w", encoding="utf-8") as log:
            take = stage.servers.take
            outcome = unit_runner.run_unit(stage.suite, unit, take, stall, UNIT_LIMIT_SECONDS, log, left_out)
        self.crashes_ += [f"{unit} ({name}): {text}" for text in outcome.crashes]
        return outcome

    def confirmed_(self, first, unit, expected, second_comparison):
        """What deviates twice. What does only once depends on time, and is told apart."""
        second = {(item.kind, item.test) for item in expectations.deviations(unit, expected, second_comparison)}
        self.unsteady_ += [item for item in first if (item.kind, item.test) not in second]
        return [item for item in first if (item.kind, item.test) in second]

    def report_(self, ceiling, passed):
        new = {(item.unit, item.test) for item in self.deviations_ if item.kind == expectations.NEW}
        once = {(item.unit, item.test) for item in self.unsteady_}
        lines = []
        for unit, comparison in self.comparisons_.items():
            lines += unit_report.failure_lines(unit, comparison, self.expected_.get(unit, {}), new, once)
        if lines:
            print("\nFailing tests:")
            print("\n".join(lines))
        for item in self.deviations_:
            if item.kind != expectations.NEW:
                print(f"{item.kind}: {item.unit} | {item.test} {item.detail}".rstrip())
        for crash in self.crashes_:
            print(f"CRASH: {crash}")
        percent = 100 * passed / ceiling if ceiling else 0
        print(f"\nSlotway passes {passed} of the {ceiling} tests that a standalone Redis passes ({percent:.1f} %).")
        if self.unsteady_:
            print(f"{len(self.unsteady_)} tests were otherwise than expected once in two runs.")
        print("As expected." if not self.deviations_ and not self.crashes_ else "NOT as expected.")


def main():
    options = arguments()
    sys.stdout.reconfigure(line_buffering=True, errors="replace")
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    try:
        expected = expectations.load(os.path.join(os.path.dirname(os.path.abspath(__file__)), "expected_failures.txt"))
    except expectations.BadExpectations as problem:
        print(problem, file=sys.stderr)
        return 1
    os.makedirs(options.results, exist_ok=True)
    version = subprocess.run(["redis-server", "--version"], capture_output=True, text=True, check=True).stdout
    print(f"Redis 7.0.15's tests, {len(options.units)} units; {version.split(' sha=')[0]}")
    with tempfile.TemporaryDirectory(prefix="slotway-compat-") as folder:
        run = CompatibilityRun(options, expected, folder)
        try:
            as_expected = run.run()
        except servers.StartError as problem:
            print(f"compat: {problem}", file=sys.stderr)
            return 1
    print(f"What the suite printed is in {options.results}.")
    return 0 if as_expected else 1


if __name__ == "__main__":
    sys.exit(main())
