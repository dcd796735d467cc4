"""What one run of Redis's test suite printed, as results: which tests passed, failed or were left out, and how the
run ended. A test is named `NAME`, and from the second of that name in one unit on `NAME (#2)`."""

import dataclasses
import re

PASSED, FAILED, SKIPPED, HUNG, NOT_RUN = "passed", "failed", "skipped", "hung", "not run"

# How a run ended: by itself; with a test that made no progress; with an error outside the tests; by its time limit.
DONE, STALLED, THREW, STOPPED = "done", "stalled", "threw", "stopped"

EVENT = re.compile(r"^\[(ok|err|skip|ignore|exception|ready|\d+/\d+ done|TIMEOUT)\]: ?(.*)$")
PASSED_LINE = re.compile(r"^(.*) \((\d+) ms\)$", re.DOTALL)
IN_PROGRESS = re.compile(r"^sock\S+ => \(([A-Z ]+)\) ?(.*)$", re.MULTILINE)


@dataclasses.dataclass
class Result:
    outcome: str
    detail: str = ""
    milliseconds: int = 0


@dataclasses.dataclass
class SuiteRun:
    """results: by test name, in the order of the run. block_errors: what was thrown between tests, which ended the
    block of tests that it happened in. ended_by: what is known about an end that is not DONE."""

    results: dict = dataclasses.field(default_factory=dict)
    block_errors: list = dataclasses.field(default_factory=list)
    ended: str = STOPPED
    ended_by: str = ""
    hung_test: str = ""
    last_test: str = ""


class NameCounter:
    """Tells tests of one name apart by their order."""

    def __init__(self):
        self.seen_ = {}

    def next(self, name):
        plain = " ".join(name.split())
        self.seen_[plain] = self.seen_.get(plain, 0) + 1
        return plain if self.seen_[plain] == 1 else f"{plain} (#{self.seen_[plain]})"


def plain_name(name):
    """The name as Redis's tests have it, which all tests of that name share."""
    return re.sub(r" \(#\d+\)$", "", name)


def summary(detail):
    """One line of a failure. The suite prints an error that was thrown without its first ten characters, then whole."""
    lines = detail.split("\n")
    whole = len(lines) > 1 and lines[1].endswith(lines[0])
    return lines[1 if whole else 0].strip()


def events_of(text):
    """Yields (kind, text) for each line that begins an event, with the lines that belong to it."""
    kind, lines = None, []
    for line in text.split("\n"):
        event = EVENT.match(line)
        if event or line.startswith(("Testing ", "                   The End")):
            if kind:
                yield kind, "\n".join(lines).rstrip("\n")
            kind, lines = (event[1], [event[2]]) if event else (None, [])
        elif kind:
            lines.append(line)
    if kind:
        yield kind, "\n".join(lines).rstrip("\n")


def parse(text, unit):
    """The results of a run of one unit from what `runtest` printed."""
    run, names = SuiteRun(), NameCounter()
    failed_line = re.compile(rf"^(.*?) in tests/unit/{re.escape(unit)}\.tcl(?:\n(.*))?$", re.DOTALL)
    for kind, body in events_of(text):
        if kind == "ok" and PASSED_LINE.match(body):
            name, milliseconds = PASSED_LINE.match(body).groups()
            record(run, names.next(name), Result(PASSED, "", int(milliseconds)))
        elif kind == "err" and failed_line.match(body):
            name, detail = failed_line.match(body).groups()
            record(run, names.next(name), Result(FAILED, detail or ""))
        elif kind == "err":
            run.block_errors.append(body)
        elif kind == "skip":
            run.results[names.next(body)] = Result(SKIPPED)
        elif kind == "exception":
            run.ended, run.ended_by = THREW, body
        elif kind == "TIMEOUT":
            take_stall(run, names, body)
        elif kind.endswith(" done"):
            run.ended = DONE
    return run


def record(run, name, result):
    run.results[name] = result
    run.last_test = name


def take_stall(run, names, report):
    """The suite's own report of a stall tells which test it was in, or after which one it stalled."""
    run.ended, run.ended_by = STALLED, "no progress"
    state = IN_PROGRESS.search(report)
    if state and state[1] == "IN PROGRESS":
        run.hung_test = names.next(state[2])
        record(run, run.hung_test, Result(HUNG, "no progress within the time-out"))
    elif run.last_test:
        run.ended_by = f"no progress after the test '{run.last_test}'"
