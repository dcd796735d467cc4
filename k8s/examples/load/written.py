"""What the load writes: values that tell a reader by themselves whether they belong to a key, and to which write."""

import array
import hashlib
import uuid

KEYS = range(0, 1001)


def key_name(number):
    return f"load:{number}"


class Written:
    """The values that one process has written. Those of others, which load the same keys, it knows by their seal."""

    def __init__(self, writer=None):
        self.writer = writer or uuid.uuid4().hex[:12]
        self.keys_ = array.array("H")  # number of the write -> number of its key

    def next_value(self, key):
        number = len(self.keys_)
        self.keys_.append(key)
        return sealed(key, self.writer, number)

    def problem(self, key, value):
        """What is wrong with a value that was read from the key; None if it was written there."""
        fields = value.split(":")
        if len(fields) != 4 or not fields[2].isdigit() or sealed(*fields[:3]) != value:
            return f"not a value of this load: {value[:60]!r}"
        if fields[0] != str(key):
            return f"a value of key {fields[0]}, read from {key}"
        number = int(fields[2])
        if fields[1] == self.writer and (number >= len(self.keys_) or self.keys_[number] != key):
            return f"a value of key {key} that was never written"
        return None


def sealed(key, writer, number):
    text = f"{key}:{writer}:{number}"
    return f"{text}:{hashlib.sha256(text.encode()).hexdigest()[:16]}"
