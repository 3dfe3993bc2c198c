"""Rules about files: what is built, what is tested, what lies where (style-anchors.md 2.10, 2.11)."""

import fnmatch
import posixpath
import re

from tree import CPP, Finding

_CMAKE_WORD = re.compile(r'[^\s()"#]+\.(?:cpp|hpp)\b')
_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"([^"\n]+)"', re.MULTILINE)
_CMAKE_VARIABLE = re.compile(r"\$\{[A-Za-z0-9_]+\}")


def unbuilt(tree):
    """A header or source that no CMakeLists.txt lists is compiled by nobody and checked by nobody."""
    listed = set()
    patterns = []
    for path, source in tree.sources.items():
        if posixpath.basename(path) != "CMakeLists.txt":
            continue
        here = posixpath.dirname(path)
        text = re.sub(r"#[^\n]*", "", source.text)
        for word in _CMAKE_WORD.findall(text):
            word = word.replace("${PROJECT_SOURCE_DIR}/", "/").replace("${CMAKE_CURRENT_SOURCE_DIR}/", "")
            full = word[1:] if word.startswith("/") else posixpath.normpath(posixpath.join(here, word))
            if _CMAKE_VARIABLE.search(full):
                patterns.append(_CMAKE_VARIABLE.sub("*", full))  # a name made in a foreach()
            else:
                listed.add(full)

    def is_listed(path):
        return path in listed or any(fnmatch.fnmatch(path, pattern) for pattern in patterns)

    # A header of tests is built by whoever includes it; those of the product are listed, so that each is
    # also compiled on its own (LOADSTAR_VERIFY_HEADERS).
    included = {name for source in tree.cpp("tests") for name in _INCLUDE.findall(source.text)}
    for source in tree.cpp():
        path = source.path
        if not is_listed(path) and not (path.startswith("tests/") and path.endswith(".hpp") and path in included):
            yield Finding(path, 1, "no CMakeLists.txt lists this file; add it to its target, or remove it")


# Sources of core/ that need no test file of their own, each with the reason.
_TESTED_ELSEWHERE = {
    "core/base/asio.cpp": "compiles a library",
    "core/http/beast.cpp": "compiles a library",
    "core/base/clock.cpp": "the other definition, tests/support/fake_clock.cpp, is what tests link",
}


def untested(tree):
    """core/x/y.cpp has tests/core/x/y_test.cpp: the tests mirror the sources (2.10)."""
    for source in tree.cpp("core"):
        if not source.path.endswith(".cpp") or source.path in _TESTED_ELSEWHERE:
            continue
        test = "tests/" + source.path.removesuffix(".cpp") + "_test.cpp"
        if test not in tree:
            yield Finding(source.path, 1, f"no test file; expected {test}")


# Data whose bytes are the point: blanks and long lines in it are not ours to judge.
_DATA = ("tests/fuzz/corpus/", "tests/data/", "tests/config/bad/")
_DATA_NAMES = (".csv", ".bin", ".json", ".md", ".ndjson", ".expected")


def blanks(tree):
    """No tabs, no trailing blanks, and a line break at the end. gofmt indents with tabs."""
    for path, source in tree.sources.items():
        if path.startswith(_DATA) or "/corpus/" in path or path.endswith(_DATA_NAMES):
            continue
        for number, line in enumerate(source.lines, 1):
            if "\t" in (line.lstrip("\t") if path.endswith(".go") else line):
                yield Finding(path, number, "tab; indent with blanks, write \\t inside literals")
            if line != line.rstrip():
                yield Finding(path, number, "blanks at the end of the line")
        if source.text and not source.text.endswith("\n"):
            yield Finding(path, len(source.lines), "no line break at the end of the file")


_TODO = re.compile(r"\b(TODO|FIXME|XXX)\b(?!\(#[0-9]+\))")
_CODE_NAMES = CPP + (".txt", ".cmake", ".py", ".sh", ".proto", ".yaml", ".yml", ".sql")


def todo_without_issue(tree):
    """What is left to do is an issue; the source names it: `TODO(#123): what, and why not now`."""
    for path, source in tree.sources.items():
        if path.startswith("tests/repository/") or not (
            path.endswith(_CODE_NAMES) or posixpath.basename(path) in ("run", "Dockerfile")
        ):
            continue
        for number, line in enumerate(source.lines, 1):
            match = _TODO.search(line)
            if match:
                yield Finding(path, number, f"{match.group(1)} without an issue; write TODO(#123): what, and why not now")


TOP_LEVEL = frozenset(
    (".ci", ".clang-format", ".clang-tidy", ".dockerignore", ".gitignore", "CMakeLists.txt", "CMakePresets.json",
     "Dockerfile", "LICENSE", "README.md", "config", "core", "deploy", "proto", "server", "tests")
)


def top_level(tree):
    """The rooms of architecture.md 3 and nothing beside them: a new entry is a decision, not a habit."""
    for entry in sorted({path.split("/", 1)[0] for path in tree.sources}):
        if entry not in TOP_LEVEL:
            first = next(path for path in tree.sources if path.split("/", 1)[0] == entry)
            yield Finding(first, 1, f"`{entry}` at the top level; architecture.md 3 lists the rooms")


LONG = 400


def long_files(tree):
    """A file that outgrows one screen after the other usually holds a second concept (2.2)."""
    for path, source in tree.sources.items():
        count = len(source.lines) - 1
        if path.endswith(CPP + (".py", ".sh")) and count > LONG:
            yield Finding(path, 1, f"{count} lines; which second concept moved in?", warning=True)


RULES = (unbuilt, untested, blanks, todo_without_issue, top_level, long_files)
