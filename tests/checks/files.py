"""The files of a source tree, as the checks read them: tracked ones and new ones, not what .gitignore names."""

import os
import subprocess

SOURCE = (".cpp", ".hpp")
SCRIPT = (".py", ".sh", ".cmake")


def all_files(root):
    """Paths relative to root, with slashes."""
    if os.path.exists(os.path.join(root, ".git")):
        command = ["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        names = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("\0")
        return sorted(name for name in set(names) if name and os.path.isfile(os.path.join(root, name)))
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in ("build", "out")]
        found += [os.path.relpath(os.path.join(folder, name), root) for name in names]
    return sorted(found)


def text_of(root, name):
    with open(os.path.join(root, name), encoding="utf-8", errors="replace") as file:
        return file.read()


def lines_of(root, name):
    return text_of(root, name).splitlines()


def is_source(name):
    return name.endswith(SOURCE)


def is_script(root, name):
    """A script by its ending, its name or its first line."""
    if name.endswith(SCRIPT) or os.path.basename(name) in ("CMakeLists.txt", "Dockerfile"):
        return True
    if "." in os.path.basename(name):
        return False
    with open(os.path.join(root, name), "rb") as file:
        return file.read(2) == b"#!"
