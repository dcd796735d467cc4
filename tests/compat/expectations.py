"""expected_failures.txt: the tests that fail, and why; and how a run's results differ from it.

A line is `UNIT | TEST | REASON`. The test `*` stands for all tests of a unit of which none passes. A reason that begins
with NOT_RUN is of a test that is left out, and counts as failed: it would leave replies behind that all later tests of
its unit take for theirs."""

import dataclasses

import units

NOT_RUN = "not run: "
NEW, PASSES, UNKNOWN = "new failure", "no longer fails", "no such test"


@dataclasses.dataclass(frozen=True)
class Deviation:
    kind: str
    unit: str
    test: str
    detail: str = ""


class BadExpectations(Exception):
    pass


def load(path):
    """{unit: {test: reason}}; BadExpectations tells of all lines that are wrong."""
    with open(path, encoding="utf-8") as file:
        return read(file.read().split("\n"), path)


def read(lines, name):
    expected, problems = {}, []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        problem = take_line(expected, line)
        if problem:
            problems.append(f"{name}:{number}: {problem}: {line}")
    if problems:
        raise BadExpectations("\n".join(problems))
    return expected


def take_line(expected, line):
    """Adds the line; gives what is wrong with it, or None. A test's name may have bars, the other two have none."""
    parts = line.split(" | ")
    if len(parts) < 3:
        return "not UNIT | TEST | REASON"
    unit, test, reason = parts[0].strip(), " | ".join(parts[1:-1]).strip(), parts[-1].strip()
    if unit not in units.UNITS:
        return "no such unit"
    if not test or not reason:
        return "no test or no reason"
    if test in expected.setdefault(unit, {}):
        return "said twice"
    expected[unit][test] = reason
    return None


def left_out(expected):
    """The tests of a unit ({test: reason}) that are not to be run."""
    return [test for test, reason in expected.items() if reason.startswith(NOT_RUN)]


def deviations(unit, expected, comparison):
    """How a unit's comparison (unit_report.Comparison) differs from what is expected of it ({test: reason})."""
    if "*" in expected:
        return whole_unit_deviations(unit, expected, comparison)
    found = [
        Deviation(NEW, unit, test, detail) for test, detail in comparison.failures.items() if test not in expected
    ]
    for test in expected:
        if test in comparison.passed:
            found.append(Deviation(PASSES, unit, test))
        elif test not in comparison.failures and test not in comparison.not_counted:
            found.append(Deviation(UNKNOWN, unit, test))
    return found


def whole_unit_deviations(unit, expected, comparison):
    if len(expected) > 1:
        return [Deviation(UNKNOWN, unit, "*", "* stands alone in its unit")]
    if comparison.passed or not comparison.failures:
        passed = len(comparison.passed)
        return [Deviation(PASSES, unit, "*", f"{passed} tests pass: name those that fail, or none")]
    return []
