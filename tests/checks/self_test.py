#!/usr/bin/env python3
"""Proves that each rule can fail: on a small tree that is right, then on the same tree with one thing wrong."""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest

import rules

RIGHT = {
    "README.md": "x",
    "protocol/README.md": "1\n2\n3\n4\n5\n",
    "protocol/noun.hpp": "// A noun.\n#pragma once\n#include <string>\n#include \"protocol/other.hpp\"\n",
    "routing/README.md": "1\n2\n3\n4\n5\n",
    "routing/way.cpp": '#include "routing/way.hpp"\n#include "protocol/noun.hpp"\n#include "config/config.hpp"\n',
    "routing/comment.cpp": "// now: see steady_clock::now()\n/* std::time\n#include <thread> */\n",
    "config/README.md": "1\n2\n3\n4\n5\n",
    "config/config.hpp": "// Plain data.\n#pragma once\n#include <chrono>\n",
    "proxy/README.md": "1\n2\n3\n4\n5\n",
    "proxy/client/README.md": "1\n2\n3\n4\n5\n",
    "proxy/client/session.cpp": '#include <boost/asio.hpp>\n#include "routing/way.hpp"\nauto t = steady_clock::now();\n',
    "tests/README.md": "1\n2\n3\n4\n5\n",
    "tests/TRAPS.md": '| what | proof |\n|---|---|\n| x | `proxy/session_test`: "this, that" |\n',
    "tests/proxy/session_test.cpp": '#include "proxy/client/session.hpp"\nTEST_CASE("this, that") {}\n// TEST_CASE("[")\n',
    "scripts/README.md": "1\n2\n3\n4\n5\n",
    "scripts/run": "#!/bin/sh\necho\n",
}

# Rule, file, its new content (None = removed).
WRONG = [
    ("layering", "protocol/noun.hpp", "// A noun.\n#pragma once\n#include <boost/asio/buffer.hpp>\n"),
    ("layering", "protocol/noun.hpp", "// A noun.\n#pragma once\n#  include <spdlog/spdlog.h>\n"),
    ("layering", "protocol/noun.hpp", '// A noun.\n#pragma once\n#include "routing/way.hpp"\n'),
    ("layering", "protocol/noun.hpp", '// A noun.\n#pragma once\n#include "../config/config.hpp"\n'),
    ("layering", "protocol/new.cpp", '#include "proxy/client/session.hpp"\n'),
    ("layering", "routing/way.cpp", "#include <prometheus/registry.h>\n"),
    ("layering", "routing/way.cpp", "#include <yaml-cpp/yaml.h>\n"),
    ("layering", "protocol/noun.hpp", "// A noun.\n#pragma once\n#include <fstream>\n"),
    ("layering", "protocol/noun.hpp", "// A noun.\n#pragma once\n#include <netinet/in.h>\n"),
    ("layering", "protocol/noun.hpp", "// A noun.\n#pragma once\n#include <sys/epoll.h>\n"),
    ("layering", "protocol/noun.hpp", "// A noun.\n#pragma once\n#include <unistd.h>\n"),
    ("layering", "protocol/noun.hpp", "// A noun.\n#pragma once\n#include <atomic>\n"),
    ("layering", "protocol/noun.hpp", '// A noun.\n#pragma once\nauto s = "/*"; // "\n#include <poll.h>\n'),
    ("layering", "routing/way.cpp", "auto t = std::chrono::steady_clock::now();\n"),
    ("layering", "routing/way.cpp", "auto t = std::chrono::steady_clock::\n    now();\n"),
    ("layering", "routing/way.cpp", "auto t = std::invoke(steady_clock::now);\n"),
    ("layering", "routing/way.cpp", "long t = std::time(nullptr);\n"),
    ("layering", "config/config.hpp", '// Plain data.\n#pragma once\n#include "protocol/noun.hpp"\n'),
    ("layering", "proxy/client/session.cpp", '#include "tests/kit/test_client.hpp"\n'),
    ("file_length", "routing/way.cpp", "\n" * 501),
    ("file_length", "scripts/run", "#!/bin/sh\n" + "\n" * 500),
    ("folder_readme", "routing/README.md", None),
    ("folder_readme", "proxy/client/README.md", None),
    ("folder_readme", "scripts/README.md", "short\n"),
    ("leftovers", "routing/way.cpp", "// TO" + "DO: later\n"),
    ("leftovers", "README.md", "FIX" + "ME\n"),
    ("header_guard", "config/config.hpp", "// Plain data.\n"),
    ("header_guard", "config/config.hpp", "#pragma once\n"),
    ("test_names", "tests/proxy/session_test.cpp", 'TEST_CASE("this; that") {}\n'),
    ("test_names", "tests/proxy/session_test.cpp", 'TEST_CASE("metadata at [3]") {}\n'),
    ("test_names", "tests/proxy/session_test.cpp", 'TEST_CASE("-1 is no length") {}\n'),
    ("test_names", "tests/proxy/session_test.cpp", 'TEST_CASE(\n    "this; that") {}\n'),
    ("test_names", "tests/proxy/session_test.cpp", 'TEST_CASE("this, "\n          "that; too") {}\n'),
    ("test_names", "tests/proxy/session_test.cpp", 'TEST_CASE_METHOD(\n  Stage, "this; that") {}\n'),
    ("test_names", "tests/proxy/session_test.cpp", "char c = '\"'; TEST_CASE(\"a[b\") {}\n"),
    ("test_names", "tests/proxy/session_test.cpp", 'TEMPLATE_TEST_CASE("at [3]", "", int) {}\n'),
    ("trap_table", "tests/TRAPS.md", '| x | `proxy/session_test`: "this" |\n'),
    ("trap_table", "tests/TRAPS.md", '| x | `proxy/session`: "this, that" |\n'),
    ("trap_table", "tests/TRAPS.md", '| x | `proxy/session_test`: "this, that"; `proxy/session_test`: "[" |\n'),
    ("trap_table", "tests/TRAPS.md", "| x | proxy/session_test |\n"),
]


def write_tree(root, tree):
    for name, content in tree.items():
        os.makedirs(os.path.join(root, os.path.dirname(name)), exist_ok=True)
        with open(os.path.join(root, name), "w", encoding="utf-8") as file:
            file.write(content)


class SelfTest(unittest.TestCase):
    def problems(self, rule, tree):
        with tempfile.TemporaryDirectory() as root:
            write_tree(root, tree)
            return list(rules.RULES[rule](root))

    def test_right_tree_passes(self):
        for rule in rules.RULES:
            with self.subTest(rule=rule):
                self.assertEqual(self.problems(rule, RIGHT), [])

    def test_each_wrong_file_is_found(self):
        for rule, name, content in WRONG:
            with self.subTest(rule=rule, file=name, content=(content or "")[:60]):
                tree = dict(RIGHT)
                tree.pop(name, None)
                if content is not None:
                    tree[name] = content
                problems = self.problems(rule, tree)
                self.assertEqual(len(problems), 1, problems)
                self.assertTrue(problems[0].startswith(name + ":"), problems)

    def test_every_rule_has_a_wrong_tree(self):
        self.assertEqual({rule for rule, _, _ in WRONG}, set(rules.RULES))

    def test_command_docs_are_those_of_the_table(self):
        project = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
        rows = "protocol/command_rows.inc"
        names = ("scripts/generate_command_docs.py", "docs/commands.md", "protocol/command_table.hpp", rows)
        with tempfile.TemporaryDirectory() as root:
            for name in names:
                os.makedirs(os.path.dirname(os.path.join(root, name)), exist_ok=True)
                shutil.copy(os.path.join(project, name), os.path.join(root, name))
            check = [sys.executable, "-B", os.path.join(root, names[0]), "--check"]
            self.assertEqual(subprocess.run(check, capture_output=True, check=False).returncode, 0)
            with open(os.path.join(root, rows), encoding="utf-8") as file:
                table = file.read()
            changed = table.replace('"get", .arity = 2', '"got", .arity = 2')
            self.assertNotEqual(changed, table)
            write_tree(root, {rows: changed})
            self.assertEqual(subprocess.run(check, capture_output=True, check=False).returncode, 1)


if __name__ == "__main__":
    unittest.main()
