"""A unit's results through Slotway, held against those of the plain redis-server: what counts, and how it is shown."""

import dataclasses

import suite_output
from suite_output import HUNG, NOT_RUN, PASSED, SKIPPED


@dataclasses.dataclass
class Comparison:
    """Of the tests that pass standalone: `passed` and `failures` ({test: what happened}). `not_counted`: the tests
    that fail standalone, whatever they do through Slotway."""

    passed: set = dataclasses.field(default_factory=set)
    failures: dict = dataclasses.field(default_factory=dict)
    not_counted: set = dataclasses.field(default_factory=set)

    def ceiling(self):
        return len(self.passed) + len(self.failures)


def compare(standalone, proxied):
    """Both are unit_runner.UnitOutcome."""
    comparison = Comparison()
    for test, result in standalone.results.items():
        if result.outcome != PASSED:
            comparison.not_counted.add(test)
            continue
        seen = proxied.results.get(test)
        if seen is not None and seen.outcome == PASSED:
            comparison.passed.add(test)
        else:
            comparison.failures[test] = what_happened(seen, proxied)
    return comparison


def what_happened(result, outcome):
    if result is None:
        return f"{NOT_RUN}: {outcome.reason_not_run}" if outcome.reason_not_run else NOT_RUN
    if result.outcome == SKIPPED:
        return f"{NOT_RUN}: left out, or a test of this name hung"
    if result.outcome == HUNG:
        return HUNG
    return suite_output.summary(result.detail) or "failed"


def shortened(text, length=160):
    return text if len(text) <= length else text[: length - 3] + "..."


HEADING = f"{'unit':<20} {'standalone':>10} {'slotway':>8} {'failed':>7} {'seconds':>8}"


def row(name, ceiling, passed, seconds):
    return f"{name:<20} {ceiling:>10} {passed:>8} {ceiling - passed:>7} {seconds:>8.0f}"


def failure_lines(unit, comparison, expected, new, once):
    """The failing tests of a unit. `new`, `once`: the (unit, test) not expected, in two runs or one."""
    if "*" in expected and comparison.failures:
        yield f"  expected  {unit} | * ({len(comparison.failures)} tests) | {expected['*']}"
        return
    for test, detail in comparison.failures.items():
        mark = "NEW" if (unit, test) in new else "once" if (unit, test) in once else "expected"
        yield f"  {mark:<9} {unit} | {test} | {expected.get(test) or shortened(detail)}"
