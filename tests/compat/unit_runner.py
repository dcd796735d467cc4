"""Runs one unit of Redis's test suite against one server, from start to end even if a test hangs: then the unit is
run again without that test, so that the tests behind it count too."""

import dataclasses
import os
import re
import signal
import subprocess
import tarfile

import suite_output
import units
from servers import free_port
from suite_output import DONE, FAILED, SKIPPED, STALLED, STOPPED, THREW

MAX_ATTEMPTS = 12


class Suite:
    """Redis's tests, unpacked into a folder of this run, and how to call them. Nothing in them is changed."""

    def __init__(self, archive, folder):
        self.folder_ = folder
        self.process_, self.stopped_ = None, False
        with tarfile.open(archive) as source:
            members = [member for member in source.getmembers() if is_wanted(member.name)]
            for member in members:
                member.name = member.name.split("/", 1)[1]
            source.extractall(folder, members)
        os.makedirs(os.path.join(folder, "src"), exist_ok=True)
        for program in ("redis-server", "redis-cli", "redis-benchmark"):
            os.symlink(f"/usr/bin/{program}", os.path.join(folder, "src", program))

    def run(self, unit, port, left_out, stall_seconds, limit_seconds):
        """Runs a unit without the tests of `left_out`; gives its results and what it printed."""
        command = ["./runtest", "--host", "127.0.0.1", "--port", str(port), "--singledb", "--durable"]
        command += ["--tags", " ".join("-" + tag for tag in units.LEFT_OUT_TAGS)]
        command += ["--single", f"unit/{unit}", "--timeout", str(stall_seconds)]
        command += ["--baseport", str(free_port() + 32)]
        for name in left_out:
            command += ["--skiptest", "/" + exact_pattern(name)]
        printed = self.call_(command, limit_seconds)
        return suite_output.parse(printed, unit), printed

    def call_(self, command, limit_seconds):
        """The command gets a session of its own, so that what it started ends with it."""
        if self.stopped_:
            raise InterruptedError("the run is being stopped")
        self.process_ = subprocess.Popen(
            command,
            cwd=self.folder_,
            env=dict(os.environ, TERM="dumb", LC_ALL="C.UTF-8"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            printed, _ = self.process_.communicate(timeout=limit_seconds)
        except subprocess.TimeoutExpired:
            self.kill_()
            printed, _ = self.process_.communicate()
        finally:
            self.kill_()
        return printed.decode("utf-8", "replace")

    def kill_(self):
        try:
            os.killpg(self.process_.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def stop(self):
        """From another thread: ends what runs, and lets nothing run any more."""
        self.stopped_ = True
        if self.process_ and self.process_.poll() is None:
            self.kill_()


def is_wanted(member):
    return re.match(r"^[^/]+/(runtest$|tests/)", member) is not None


def exact_pattern(name):
    """A Tcl regular expression for exactly this name, whatever white space it has."""
    words = [re.sub(r"([^A-Za-z0-9_])", r"\\\1", word) for word in name.split()]
    return r"^\s*" + r"\s+".join(words) + r"\s*$"


@dataclasses.dataclass
class UnitOutcome:
    """results: the best known result of each test; notes: what went wrong besides tests, for people; crashes: servers
    that ended by themselves."""

    results: dict = dataclasses.field(default_factory=dict)
    notes: list = dataclasses.field(default_factory=list)
    crashes: list = dataclasses.field(default_factory=list)
    reason_not_run: str = ""


def run_unit(suite, unit, servers, stall_seconds, limit_seconds, log, left_out=()):
    """Runs a unit without some tests, each attempt against fresh servers (`servers()` gives them), and merges the
    attempts."""
    outcome, left_out = UnitOutcome(), list(left_out)
    for attempt in range(1, MAX_ATTEMPTS + 1):
        with servers() as server:
            run, printed = suite.run(unit, server.port, left_out, stall_seconds, limit_seconds)
            ended = server.ended_early()
        log.write(f"===== attempt {attempt}, without {left_out}\n{printed}\n")
        grown = merge(outcome, run)
        if ended:
            outcome.crashes.append(f"{ended}, last test '{run.last_test}'")
        describe(outcome, run)
        culprit = suite_output.plain_name(culprit_of(run))
        if run.ended == DONE or not culprit or culprit in left_out or not grown:
            break
        left_out.append(culprit)
    return outcome


def merge(outcome, run):
    """The later attempt counts, except for what it left out. Says whether any test was reached for the first time."""
    grown = False
    for name, result in run.results.items():
        known = outcome.results.get(name)
        grown = grown or known is None
        if known is None or result.outcome != SKIPPED:
            outcome.results[name] = result
    return grown


def culprit_of(run):
    """The test that a further attempt has to leave out: the one that hung, or the failed one before the end."""
    if run.hung_test:
        return run.hung_test
    if run.ended in (THREW, STALLED, STOPPED) and run.last_test:
        return run.last_test if run.results[run.last_test].outcome == FAILED else ""
    return ""


def describe(outcome, run):
    if run.hung_test:
        outcome.notes.append(f"hung: '{run.hung_test}'")
    elif run.ended != DONE:
        first_line = (run.ended_by or "its time limit").split("\n", 1)[0]
        after = f" after the test '{run.last_test}'" if run.last_test and run.ended != STALLED else ""
        outcome.notes.append(f"ended early{after}: {first_line}")
    errors = [suite_output.summary(error) for error in run.block_errors]
    outcome.reason_not_run = "; ".join(errors) if run.ended == DONE else outcome.notes[-1]
    for error in errors:
        note = f"a block of tests ended early: {error}"
        if note not in outcome.notes:
            outcome.notes.append(note)


def slowest_seconds(results):
    return max((result.milliseconds for result in results.values()), default=0) / 1000
