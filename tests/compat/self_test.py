#!/usr/bin/env python3
"""Proves what the compatibility run makes of the suite's output and of expected_failures.txt, without any server."""

import io
import os
import re
import unittest

import expectations
import suite_output
import unit_report
import unit_runner
import units
from suite_output import DONE, FAILED, HUNG, PASSED, SKIPPED, STALLED, STOPPED, THREW, Result

HEAD = "Starting test server at port 21079\n[ready]: 4711\nTesting unit/multi\n"
END = "[1/1 done]: unit/multi (2 seconds)\n\n                   The End\n\nExecution time of different units:\n"
FAILED_LIST = "\n!!! WARNING The following tests failed:\n\n*** [err]: b in tests/unit/multi.tcl\nno\n"

# What was printed after HEAD; the results, how it ended, the test that hung, the number of errors between tests.
OUTPUTS = [
    ("[ok]: a (3 ms)\n" + END, {"a": PASSED}, DONE, "", 0),
    ("[ok]: a  b (x) (3 ms)\n" + END, {"a b (x)": PASSED}, DONE, "", 0),
    ("[ok]: a\nb (3 ms)\n" + END, {"a b": PASSED}, DONE, "", 0),
    ("[ok]: a (3 ms)\n[ok]: a (4 ms)\n" + END, {"a": PASSED, "a (#2)": PASSED}, DONE, "", 0),
    ("[err]: b in tests/unit/multi.tcl\nno\n" + END + FAILED_LIST, {"b": FAILED}, DONE, "", 0),
    ("[err]: b in c in tests/unit/multi.tcl\nx in tests/unit/multi.tcl\n" + END, {"b in c": FAILED}, DONE, "", 0),
    ("[skip]: a\n[ok]: b (0 ms)\n" + END, {"a": SKIPPED, "b": PASSED}, DONE, "", 0),
    ("[ignore]: a: Tag: slow denied\n" + END, {}, DONE, "", 0),
    ("[err]: known command\nERR unknown command\n    while\n" + END, {}, DONE, "", 1),
    ("[exception]: Executing test client: ERR no.\nERR no\n", {}, THREW, "", 0),
    ("[ok]: a (3 ms)\n", {"a": PASSED}, STOPPED, "", 0),
    (
        "[ok]: a (3 ms)\n[TIMEOUT]: clients state report follows.\nsock55 => (IN PROGRESS) b c\nKilling\n",
        {"a": PASSED, "b c": HUNG},
        STALLED,
        "b c",
        0,
    ),
    (
        "[ok]: a (3 ms)\n[TIMEOUT]: clients state report follows.\nsock55 => (OK) a\n",
        {"a": PASSED},
        STALLED,
        "",
        0,
    ),
]

# Lines of expected_failures.txt, and what is said of the wrong ones.
WRONG_LINES = [
    ("multi | a", "not UNIT | TEST | REASON"),
    ("multi a reason", "not UNIT | TEST | REASON"),
    ("nothing | a | reason", "no such unit"),
    ("multi |  | reason", "no test or no reason"),
    ("multi | a | ", "no test or no reason"),
]

# Expected tests of a unit, those that pass, fail and are not counted, and what deviates.
DEVIATIONS = [
    ({}, "ab", "", "", []),
    ({"b": "r"}, "a", "b", "", []),
    ({}, "a", "b", "", [("b", expectations.NEW)]),
    ({"a": "r"}, "a", "", "", [("a", expectations.PASSES)]),
    ({"c": "r"}, "a", "", "c", []),
    ({"c": "r"}, "a", "", "", [("c", expectations.UNKNOWN)]),
    ({"a": "r"}, "", "bc", "", [("b", expectations.NEW), ("c", expectations.NEW), ("a", expectations.UNKNOWN)]),
    ({"*": "r"}, "", "ab", "", []),
    ({"*": "r"}, "a", "b", "", [("*", expectations.PASSES)]),
    ({"*": "r"}, "", "", "a", [("*", expectations.PASSES)]),
    ({"*": "r", "a": "r"}, "", "a", "", [("*", expectations.UNKNOWN)]),
]


class ScriptedSuite:
    """Answers each call of run() with the next output, and keeps what was left out."""

    def __init__(self, *outputs):
        self.outputs_, self.left_out = list(outputs), []

    def run(self, unit, _port, left_out, _stall, _limit):
        self.left_out.append(list(left_out))
        printed = HEAD + self.outputs_.pop(0)
        return suite_output.parse(printed, unit), printed


class FakeServer:
    port = 1

    def __init__(self, end=""):
        self.end_ = end

    def ended_early(self):
        return self.end_

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


def stall(test):
    return f"[TIMEOUT]: clients state report follows.\nsock1 => (IN PROGRESS) {test}\n"


def run_scripted(suite, server=None):
    return unit_runner.run_unit(suite, "multi", lambda: server or FakeServer(), 1, 1, io.StringIO())


class SuiteOutputTest(unittest.TestCase):
    def test_outputs(self):
        for printed, results, ended, hung, errors in OUTPUTS:
            with self.subTest(printed):
                run = suite_output.parse(HEAD + printed, "multi")
                self.assertEqual({name: result.outcome for name, result in run.results.items()}, results)
                self.assertEqual((run.ended, run.hung_test, len(run.block_errors)), (ended, hung, errors))

    def test_details(self):
        run = suite_output.parse("[err]: b in tests/unit/multi.tcl\nExpected 1\n    while\n[ok]: c (12 ms)\n", "multi")
        self.assertEqual(run.results["b"].detail, "Expected 1\n    while")
        self.assertEqual(run.results["c"].milliseconds, 12)

    def test_summary(self):
        self.assertEqual(suite_output.summary("own command\nERR unknown command\n  while"), "ERR unknown command")
        self.assertEqual(suite_output.summary("Expected 1\n  while"), "Expected 1")
        self.assertEqual(suite_output.summary("\nERR no\n  while"), "ERR no")


class UnitRunnerTest(unittest.TestCase):
    def test_a_test_that_hangs_is_left_out_of_the_next_attempt(self):
        suite = ScriptedSuite(
            "[ok]: a (1 ms)\n" + stall("b"),
            "[ok]: a (1 ms)\n[skip]: b\n" + stall("c"),
            "[ok]: a (1 ms)\n[skip]: b\n[skip]: c\n[ok]: d (1 ms)\n" + END,
        )
        outcome = run_scripted(suite)
        self.assertEqual(suite.left_out, [[], ["b"], ["b", "c"]])
        found = {name: result.outcome for name, result in outcome.results.items()}
        self.assertEqual(found, {"a": PASSED, "b": HUNG, "c": HUNG, "d": PASSED})

    def test_tests_of_one_name_are_left_out_together(self):
        suite = ScriptedSuite("[ok]: a (1 ms)\n" + stall("a"), "[skip]: a\n[skip]: a\n[skip]: a\n" + END)
        outcome = run_scripted(suite)
        self.assertEqual(suite.left_out, [[], ["a"]])
        found = {name: result.outcome for name, result in outcome.results.items()}
        self.assertEqual(found, {"a": PASSED, "a (#2)": HUNG, "a (#3)": SKIPPED})

    def test_the_failed_test_before_an_exception_is_left_out(self):
        failed = "[err]: b in tests/unit/multi.tcl\nno\n"
        suite = ScriptedSuite(failed + "[exception]: BUSY\n", "[skip]: b\n[ok]: c (1 ms)\n" + END)
        outcome = run_scripted(suite)
        found = {name: result.outcome for name, result in outcome.results.items()}
        self.assertEqual(found, {"b": FAILED, "c": PASSED})

    def test_an_end_that_no_test_caused_is_final(self):
        for printed in ("[exception]: ERR\n", "[ok]: a (1 ms)\n[exception]: ERR\n"):
            with self.subTest(printed):
                suite = ScriptedSuite(printed)
                self.assertRegex(run_scripted(suite).reason_not_run, "^ended early")
                self.assertEqual(suite.left_out, [[]])

    def test_attempts_end_when_they_reach_no_further(self):
        suite = ScriptedSuite(stall("a"), "[skip]: a\n" + "[exception]: ERR\n")
        run_scripted(suite)
        self.assertEqual(len(suite.left_out), 2)

    def test_a_server_that_ends_is_told(self):
        outcome = run_scripted(ScriptedSuite("[ok]: a (1 ms)\n" + END), FakeServer("slotway ended with signal 11"))
        self.assertEqual(outcome.crashes, ["slotway ended with signal 11, last test 'a'"])

    def test_pattern_of_a_name(self):
        name = "SET k+v (100%) [a] $1 \\d"
        self.assertTrue(re.search(unit_runner.exact_pattern(name), "SET  k+v (100%) [a] $1 \\d "))
        self.assertFalse(re.search(unit_runner.exact_pattern(name), name + " more"))


class ExpectationsTest(unittest.TestCase):
    def test_right_lines(self):
        lines = ["# comment", "", "multi | a | b | why", "type/list | * | none begins"]
        expected = {"multi": {"a | b": "why"}, "type/list": {"*": "none begins"}}
        self.assertEqual(expectations.read(lines, "file"), expected)

    def test_wrong_lines(self):
        for line, problem in WRONG_LINES:
            with self.subTest(line):
                with self.assertRaisesRegex(expectations.BadExpectations, f"^file:1: {re.escape(problem)}"):
                    expectations.read([line], "file")
        with self.assertRaisesRegex(expectations.BadExpectations, "^file:2: said twice"):
            expectations.read(["multi | a | b", "multi | a | c"], "file")

    def test_deviations(self):
        for expected, passed, failures, not_counted, deviating in DEVIATIONS:
            with self.subTest(str((expected, passed, failures, not_counted))):
                seen = unit_report.Comparison(set(passed), dict.fromkeys(failures, ""), set(not_counted))
                found = expectations.deviations("multi", expected, seen)
                self.assertEqual([(item.test, item.kind) for item in found], deviating)

    def test_the_file_in_the_tree(self):
        path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "expected_failures.txt")
        self.assertLessEqual(set(expectations.load(path)), set(units.UNITS))


class ComparisonTest(unittest.TestCase):
    def test_only_what_passes_standalone_counts(self):
        names = {"a": PASSED, "b": PASSED, "c": FAILED, "d": PASSED}
        standalone = unit_runner.UnitOutcome({name: Result(outcome) for name, outcome in names.items()})
        proxied = unit_runner.UnitOutcome({"a": Result(PASSED), "b": Result(FAILED, "Expected 1"), "c": Result(PASSED)})
        comparison = unit_report.compare(standalone, proxied)
        self.assertEqual(comparison.passed, {"a"})
        self.assertEqual(comparison.failures, {"b": "Expected 1", "d": "not run"})
        self.assertEqual((comparison.not_counted, comparison.ceiling()), ({"c"}, 3))

    def test_fast_units_are_units(self):
        self.assertLess(set(units.FAST_UNITS), set(units.UNITS))


if __name__ == "__main__":
    unittest.main()
