"""What came of a run: requests before, during and after the time in which a shard had no primary, the longest gap in its writes,
and how the counter stands to what was acknowledged. Knows the recorded requests only."""

import collections
import csv
import math
import re

# When it began and ended, in seconds of the monotonic clock; error is empty if there was none.
Request = collections.namedtuple("Request", "kind key begin end error")
Gap = collections.namedtuple("Gap", "begin end")
PHASES = ("before", "during", "after")
WRONG = "Wrong:"
HIT = "GET"  # the kind of a hit; the others are those of the two clients, "plain SET" and so on


def read_requests(path):
    with open(path, encoding="utf-8", newline="") as file:
        return [Request(kind, key, float(begin), float(end), error) for kind, key, begin, end, error in csv.reader(file)]


def percentile(values, percent):
    """The smallest value that so many percent of the values do not exceed; None of nothing."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)] if ordered else None


def is_write(request):
    return request.kind == HIT or request.kind.endswith(" SET")


def longest_gap(writes, fault, back, end):
    """The longest time without a successful write that was not over when the fault came, and began before the node was back: later
    ones are none of the fault. Writes are those to one shard; a gap that nothing follows lasts until the end."""
    times = sorted(request.end for request in writes if not request.error)
    edges = [max((time for time in times if time <= fault), default=fault), *(time for time in times if time > fault), end]
    gaps = [Gap(first, second) for first, second in zip(edges, edges[1:]) if first <= back]
    return max(gaps, key=lambda gap: gap.end - gap.begin)


def longest_silence(requests):
    """The longest time without any good reply at all: what is due to no shard, but to a machine that is too busy."""
    times = sorted(request.end for request in requests if not request.error)
    return max((second - first for first, second in zip(times, times[1:])), default=0)


def phase_of(request, fault, restored):
    """A request that any of the time without a primary fell into belongs to it."""
    if request.end < fault:
        return "before"
    return "after" if request.begin > restored else "during"


def by_text(requests):
    """How many errors there are of each text; ports and the like in them count as one."""
    return collections.Counter(re.sub(r"\d+", "N", request.error) for request in requests if request.error)


class Report:
    """One run: the requests, which keys the shard has that lost its primary, when that was, and when the node was back."""

    def __init__(self, requests, is_on_shard, fault, back, end):
        self.requests = requests
        self.is_on_shard = is_on_shard
        self.fault = fault
        self.end = end
        self.gap = longest_gap([r for r in requests if is_write(r) and is_on_shard(r.key)], fault, back, end)

    def wrong(self):
        return [request for request in self.requests if request.error.startswith(WRONG)]

    def group_of(self, request):
        if request.kind == HIT:
            return "hits of the application"
        where = "that shard" if self.is_on_shard(request.key) else "the others"
        return f"{request.kind.split()[0]} client, {where}"

    def rows(self):
        """(group, phase, requests, errors, p50, p95, p99), times in milliseconds, those of errors among them."""
        found = collections.defaultdict(list)
        for request in self.requests:
            found[self.group_of(request), phase_of(request, self.fault, self.gap.end)].append(request)
        for group in sorted({group for group, _ in found}):
            for phase in PHASES:
                requests = found[group, phase]
                times = [(request.end - request.begin) * 1000 for request in requests]
                errors = sum(1 for request in requests if request.error)
                yield group, phase, len(requests), errors, *(percentile(times, percent) for percent in (50, 95, 99))

    def silent_groups(self, seconds):
        """Groups that had no success in the last seconds of the run."""
        groups = {self.group_of(request) for request in self.requests}
        late = [r for r in self.requests if not r.error and r.end > self.end - seconds]
        return sorted(groups - {self.group_of(request) for request in late})

    def hits(self):
        """(acknowledged, failed)."""
        hits = [request for request in self.requests if request.kind == HIT]
        failed = sum(1 for request in hits if request.error)
        return len(hits) - failed, failed


def counter_verdict(value, acknowledged, failed):
    """(text, whether it is right) for the counter's value. A hit that failed may have been counted, but once."""
    if value < acknowledged:
        lost = acknowledged - value
        return f"{lost} acknowledged hits were lost: the primary died before its replica had them", True
    if value > acknowledged + failed:
        return f"{value - acknowledged - failed} hits were counted twice", False
    extra = value - acknowledged
    return "no acknowledged hit was lost" + (f"; {extra} of those that failed were counted" if extra else ""), True


def table(rows):
    head = ("", "", "requests", "errors", "p50 ms", "p95 ms", "p99 ms")
    lines = [head, *((*row[:4], *("-" if time is None else f"{time:.1f}" for time in row[4:])) for row in rows)]
    widths = [max(len(str(line[column])) for line in lines) for column in range(len(head))]
    for line in lines:
        left = [str(cell).ljust(width) for cell, width in zip(line[:2], widths)]
        right = [str(cell).rjust(width) for cell, width in zip(line[2:], widths[2:])]
        yield "  ".join(left + right)
