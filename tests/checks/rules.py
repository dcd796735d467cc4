"""What the checks demand of the source tree, one function per rule; each yields "file:line: what is wrong"."""

import re

import files

MAX_LINES = 500

# Which rooms the sources of a room may include; tests and bench may include all.
MAY_INCLUDE = {
    "config": {"config"},
    "protocol": {"protocol", "config"},
    "routing": {"routing", "protocol", "config"},
    "proxy": {"proxy", "routing", "protocol", "config"},
}
ROOMS = set(MAY_INCLUDE) | {"tests", "bench"}
PURE_ROOMS = {"protocol", "routing"}
# sys/uio.h and sys/types.h are data only; std::chrono's types are needed for times that come in.
IMPURE_HEADER = re.compile(
    r"^(boost/(asio|beast|json)|spdlog/|fmt/|prometheus/|yaml-cpp/|CLI/|openssl/"
    r"|sys/(?!uio\.h$|types\.h$)|netinet/|arpa/|net/|linux/"
    r"|(time|netdb|unistd|fcntl|poll|dirent|signal|pthread|stdio|dlfcn)\.h$"
    r"|(ctime|csignal|cstdio|iostream|fstream|filesystem|print|syncstream|random)$"
    r"|(thread|mutex|shared_mutex|condition_variable|future|atomic|semaphore|barrier|latch|stop_token|coroutine)$)"
)
CLOCK = re.compile(r"::\s*now\b|\b(clock_gettime|gettimeofday)\b|\bstd\s*::\s*time\b")
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*[<"]([^>"\n]+)[>"]', re.MULTILINE)
# A comment, or a literal, so that what looks like a comment inside one is none.
COMMENT = re.compile(r"""//[^\n]*|/\*.*?\*/|("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)')""", re.DOTALL)


def without_comments(text):
    """The same lines, for a match's place; literals stay."""
    return COMMENT.sub(lambda found: found[1] or "\n" * found[0].count("\n"), text)


def line_at(text, offset):
    return text.count("\n", 0, offset) + 1


def shown(found):
    return " ".join(found[0].split())


def layering(root):
    for name in filter(files.is_source, files.all_files(root)):
        room = name.split("/")[0]
        text = without_comments(files.text_of(root, name))
        for include in INCLUDE.finditer(text):
            wrong = wrong_include(room, include[1])
            if wrong:
                yield f"{name}:{line_at(text, include.start())}: {wrong}: {shown(include)}"
        for clock in CLOCK.finditer(text) if room in PURE_ROOMS else ():
            yield f"{name}:{line_at(text, clock.start())}: {room} reads no clock: {shown(clock)}"


def wrong_include(room, header):
    target = header.split("/")[0]
    if header.startswith("."):
        return "includes are written from the repository's root"
    if room in PURE_ROOMS and IMPURE_HEADER.match(header):
        return f"{room} knows no sockets, threads, time, logs, metrics or files"
    if "/" in header and target in ROOMS and target not in MAY_INCLUDE.get(room, ROOMS):
        return f"{room} does not include {target}"
    return None


def file_length(root):
    for name in files.all_files(root):
        if files.is_source(name) or files.is_script(root, name):
            count = len(files.lines_of(root, name))
            if count > MAX_LINES:
                yield f"{name}:{count}: more than {MAX_LINES} lines"


def folder_readme(root):
    """Top folders with sources or scripts, and the folders of proxy, open with a README.md of 5 to 120 lines."""
    names = files.all_files(root)
    folders = set()
    for name in names:
        parts = name.split("/")[:-1]
        if parts and not parts[0].startswith(".") and (files.is_source(name) or files.is_script(root, name)):
            folders.add(parts[0])
            if parts[0] == "proxy" and len(parts) > 1:
                folders.add("/".join(parts[:2]))
    for folder in sorted(folders - {"cmake"}):
        readme = folder + "/README.md"
        if readme not in names:
            yield f"{readme}:1: missing"
        elif not 5 <= len(files.lines_of(root, readme)) <= 120:
            yield f"{readme}:1: not between 5 and 120 lines"


def leftovers(root):
    """No note to oneself stays in the tree."""
    mark = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
    for name in files.all_files(root):
        if files.is_source(name) or files.is_script(root, name) or name.endswith((".md", ".yaml", ".yml", ".inc")):
            for number, line in enumerate(files.lines_of(root, name), 1):
                if mark.search(line):
                    yield f"{name}:{number}: unfinished: {line.strip()}"


def header_guard(root):
    """Each header opens with a comment that says what it is, and has #pragma once."""
    for name in files.all_files(root):
        if not name.endswith(".hpp"):
            continue
        lines = files.lines_of(root, name)
        if not lines or not lines[0].startswith("//"):
            yield f"{name}:1: a header opens with a comment"
        if "#pragma once" not in lines:
            yield f"{name}:1: no #pragma once"


# A test case's name, maybe in several literals.
CASE = re.compile(
    r"\b(?:(?:\w*TEST_CASE|SCENARIO)\s*\(|\w*TEST_CASE_METHOD\s*\(\s*[\w:]+\s*,)"
    r'\s*((?:"(?:[^"\\]|\\.)*"\s*)+)'
)


def cases(root, name):
    """Name and line of each test case in the file."""
    text = without_comments(files.text_of(root, name))
    for found in CASE.finditer(text):
        yield re.sub(r'"\s*"', "", found[1]).strip().strip('"'), line_at(text, found.start())


def test_names(root):
    """CTest runs each case by its name: one with a ';' is split in two and never runs, '[' begins a tag, '-' an option."""
    for name in files.all_files(root):
        if not name.startswith("tests/") or not files.is_source(name):
            continue
        for title, line in cases(root, name):
            if re.search(r"[;\[\]]", title) or title.startswith("-"):
                yield f"{name}:{line}: a test's name has no ';', no brackets and no '-' in front"


def trap_table(root):
    """Each row of tests/TRAPS.md names test cases, all of which there are: `folder/file`: "name"."""
    table = "tests/TRAPS.md"
    names = files.all_files(root)
    known = {}
    for number, line in enumerate(files.lines_of(root, table) if table in names else (), 1):
        if not line.startswith("| ") or line.startswith("| what "):
            continue
        proofs = re.findall(r'`([\w/]+)`: "([^"]*)"', line)
        if not proofs:
            yield f"{table}:{number}: no test case is named"
        for file, title in proofs:
            source = f"tests/{file}.cpp"
            if source not in known:
                known[source] = {case for case, _ in cases(root, source)} if source in names else set()
            if title not in known[source]:
                yield f'{table}:{number}: {source} has no case "{title}"'


ALL = (layering, file_length, folder_readme, leftovers, header_guard, test_names, trap_table)
RULES = {rule.__name__: rule for rule in ALL}
