#!/usr/bin/env python3
"""Checks one rule of rules.py: check.py RULE [ROOT]. Prints what is wrong and exits 1 if anything is."""

import os
import sys

import rules


def main():
    if len(sys.argv) not in (2, 3) or sys.argv[1] not in rules.RULES:
        sys.exit(f"usage: check.py {'|'.join(rules.RULES)} [ROOT]")
    root = sys.argv[2] if len(sys.argv) == 3 else os.path.join(os.path.dirname(__file__), "..", "..")
    problems = list(rules.RULES[sys.argv[1]](os.path.abspath(root)))
    print("\n".join(problems) if problems else f"{sys.argv[1]}: all right")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
