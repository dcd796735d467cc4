#!/usr/bin/env python3
"""Tests of what the examples decide by themselves: the report, the values of the load, the pages of the web application, and that
the load's sources are Python. They need no server and no packages."""

import http.client
import os
import sys
import threading
import unittest

sys.dont_write_bytecode = True
EXAMPLES = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path += [os.path.join(EXAMPLES, "load"), os.path.join(EXAMPLES, "hit-counter")]
import hit_counter  # noqa: E402
import report  # noqa: E402
import written  # noqa: E402
from report import Request  # noqa: E402
from stage import parsed_node  # noqa: E402


def write(end, error="", key="a", begin=None):
    return Request("plain SET", key, end - 0.1 if begin is None else begin, end, error)


class ReportTest(unittest.TestCase):
    def test_percentile_is_one_of_the_values(self):
        self.assertIsNone(report.percentile([], 95))
        self.assertEqual(report.percentile([7], 99), 7)
        self.assertEqual([report.percentile(range(1, 101), p) for p in (50, 95, 99, 100)], [50, 95, 99, 100])
        self.assertEqual(report.percentile([3, 1, 2], 50), 2)

    def test_gap_is_between_two_successful_writes(self):
        writes = [write(8), write(9), write(12, error="refused"), write(16), write(17)]
        self.assertEqual(report.longest_gap(writes, 10, 18, 20), report.Gap(9, 16))

    def test_gap_that_was_over_before_the_fault_does_not_count(self):
        self.assertEqual(report.longest_gap([write(1), write(9), write(11), write(12)], 10, 12, 13), report.Gap(9, 11))

    def test_gap_that_began_after_the_node_was_back_does_not_count(self):
        writes = [write(9), write(11), write(12), write(17), write(30)]
        self.assertEqual(report.longest_gap(writes, 10, 15, 30), report.Gap(12, 17))

    def test_gap_lasts_to_the_end_if_no_write_follows(self):
        self.assertEqual(report.longest_gap([write(9), write(12, error="refused")], 10, 18, 60), report.Gap(9, 60))
        self.assertEqual(report.longest_gap([], 10, 18, 60), report.Gap(10, 60))

    def test_request_belongs_to_the_fault_if_any_of_it_does(self):
        times = ((8, 9), (9, 17), (11, 12), (15, 17), (17, 18))
        phases = [report.phase_of(Request("", "", *pair, ""), 10, 16) for pair in times]
        self.assertEqual(phases, ["before", "during", "during", "during", "after"])

    def test_silence_is_of_all_shards(self):
        self.assertEqual(report.longest_silence([write(1), write(2, error="refused"), write(4, key="b"), write(5)]), 3)
        self.assertEqual(report.longest_silence([]), 0)

    def test_errors_are_counted_by_text_without_numbers(self):
        requests = [write(1), write(2, error="refused by 7001"), write(3, error="refused by 7002")]
        self.assertEqual(report.by_text(requests), {"refused by N": 2})

    def test_counter(self):
        for value, right, text in ((10, True, "no acknowledged hit was lost"), (9, True, "1 acknowledged hits were lost"),
                                   (12, True, "2 of those that failed"), (13, False, "1 hits were counted twice")):  # fmt: skip
            with self.subTest(value=value):
                verdict = report.counter_verdict(value, acknowledged=10, failed=2)
                self.assertIn(text, verdict[0])
                self.assertIs(verdict[1], right)

    def test_rows_are_by_shard_and_phase(self):
        requests = [write(9), write(9, key="b"), write(16, begin=9.5), write(17, error="Wrong: 7"), Request("GET", "a", 18, 18.5, "")]
        found = report.Report(requests, lambda key: key == "a", 10, 18, 20)
        rows = {row[:2]: row[2:4] for row in found.rows()}
        self.assertEqual(rows["plain client, that shard", "before"], (1, 0))
        self.assertEqual(rows["plain client, that shard", "during"], (1, 0))
        self.assertEqual(rows["plain client, that shard", "after"], (1, 1))
        self.assertEqual(rows["plain client, the others", "before"], (1, 0))
        self.assertEqual(rows["hits of the application", "after"], (1, 0))
        self.assertEqual((len(found.wrong()), found.hits()), (1, (1, 0)))
        self.assertEqual(found.silent_groups(5), ["plain client, the others"])
        lines = list(report.table(found.rows()))
        self.assertEqual(len({len(line) for line in lines}), 1)


class WrittenTest(unittest.TestCase):
    def test_what_was_written_is_right_at_its_key_only(self):
        mine, other = written.Written("mine"), written.Written("other")
        value, foreign = mine.next_value(7), other.next_value(7)
        self.assertIsNone(mine.problem(7, value))
        self.assertIsNone(mine.problem(7, foreign))
        self.assertIn("of key 7, read from 8", mine.problem(8, value))

    def test_what_was_never_written_is_wrong(self):
        mine = written.Written("mine")
        mine.next_value(7)
        for value in ("", "OK", "7:mine:0:0123456789abcdef", mine.next_value(7)[:-1], written.sealed(7, "mine", 99)):
            self.assertIsNotNone(mine.problem(7, value), value)
        mine.next_value(8)
        self.assertIn("never written", mine.problem(7, written.sealed(7, "mine", 2)))


class HitCounterTest(unittest.TestCase):
    def setUp(self):
        self.replies = []
        self.server = hit_counter.Server(("127.0.0.1", 0), lambda: self.next_reply())
        thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.server.RequestHandlerClass.log_message = lambda *_: None

    def next_reply(self):
        reply = self.replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply

    def get(self, path):
        connection = http.client.HTTPConnection(*self.server.server_address, timeout=10)
        self.addCleanup(connection.close)
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read().decode()

    def test_says_how_often_it_was_hit(self):
        self.replies = [1, 2]
        self.assertEqual(self.get("/"), (200, "I have been hit 1 times since deployment.\n"))
        self.assertEqual(self.get("/"), (200, "I have been hit 2 times since deployment.\n"))

    def test_error_is_503_in_one_line_and_the_next_hit_counts(self):
        self.replies = [ConnectionError("no\n  route"), OSError(), 3]
        self.assertEqual(self.get("/"), (503, "not counted: no route\n"))
        self.assertEqual(self.get("/"), (503, "not counted: OSError\n"))
        self.assertEqual(self.get("/")[0], 200)

    def test_other_pages_count_nothing(self):
        self.assertEqual(self.get("/healthz"), (200, "ok\n"))
        self.assertEqual(self.get("/favicon.ico")[0], 404)


class SourcesTest(unittest.TestCase):
    def test_node_of_the_cluster(self):
        port, node = parsed_node("1a 127.0.0.1:7001@17001,name myself,master - 0 1 2 connected 0-2 9 [3->-2b]")
        self.assertEqual((port, node.id, node.primary, node.slots), (7001, "1a", "-", {0, 1, 2, 9}))

    def test_load_is_python(self):
        path = os.path.join(EXAMPLES, "load", "locustfile.py")
        with open(path, encoding="utf-8") as file:
            compile(file.read(), path, "exec")


if __name__ == "__main__":
    unittest.main()
