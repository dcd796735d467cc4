"""What the scenarios check with: each check names what it looks at, and fails with what was expected and what came."""

import time

last_passed = "none yet"


class CheckFailed(Exception):
    """A check did not hold; its text is complete."""


def passed(what):
    global last_passed
    last_passed = what


def equal(what, actual, expected):
    # Python takes 1 and True for equal; an answer is one or the other.
    if actual != expected or isinstance(actual, bool) != isinstance(expected, bool):
        raise CheckFailed(f"{what}: expected {expected!r}, got {actual!r}")
    passed(what)


def true(what, condition, seen):
    if not condition:
        raise CheckFailed(f"{what}: got {seen!r}")
    passed(what)


def between(what, actual, low, high):
    true(f"{what}: expected {low} to {high}", isinstance(actual, (int, float)) and low <= actual <= high, actual)


def same_items(what, actual, expected):
    """Equal as sorted lists: the order does not matter, repetitions do."""
    equal(what, sorted(actual), sorted(expected))


def raises(what, kind, text, action):
    """action() fails with an error of this kind, whose text (redis-py takes ERR off) begins with this."""
    try:
        answer = action()
    except kind as error:
        true(f"{what}: expected an error that begins with {text!r}", str(error).startswith(text), str(error))
        return
    raise CheckFailed(f"{what}: expected {kind.__name__} with {text!r}, got the answer {answer!r}")


def eventually(what, condition, seconds=15):
    """Waits until condition() returns something true, and returns that."""
    deadline = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            passed(what)
            return answer
        if time.monotonic() > deadline:
            raise CheckFailed(f"{what}: did not happen within {seconds} s")
        time.sleep(0.01)
