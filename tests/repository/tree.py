"""The files of the repository, as the rules see them.

A rule never opens a file by itself: it gets a `Tree`, so that the unit tests can give it a small
made-up one.
"""

import pathlib
import re
import subprocess
from dataclasses import dataclass

CPP = (".cpp", ".hpp")

# Comments, raw strings, strings and characters, in the order in which a lexer meets them. A quote
# between digits is a separator of C++14, not a character.
_TOKEN = re.compile(
    r"//[^\n]*"
    r"|/\*.*?\*/"
    r'|R"(?P<tag>[^()\\\s]{0,16})\(.*?\)(?P=tag)"'
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'",
    re.DOTALL,
)


def _blank(text):
    """The same text as blanks; line breaks stay, so that offsets and line numbers stay right."""
    return re.sub(r"[^\n]", " ", text)


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong: where, what, and what to write instead."""

    path: str
    line: int
    message: str
    warning: bool = False

    def __str__(self):
        kind = "warning: " if self.warning else ""
        return f"{self.path}:{self.line}: {kind}{self.message}"


class Source:
    """One text file: as it is, and (C++) with comments or literals blanked out."""

    def __init__(self, path, text):
        self.path = path
        self.text = text
        self._code = None
        self._strings = None

    @property
    def lines(self):
        return self.text.split("\n")

    def _lex(self):
        if self._code is not None:
            return
        strings = []

        def replace(match):
            token = match.group(0)
            if not token.startswith("/"):
                strings.append((match.start(), token))
            return _blank(token)

        self._code = _TOKEN.sub(replace, self.text)
        self._strings = strings

    @property
    def code(self):
        """C++ text with comments and literals as blanks, at the same offsets."""
        self._lex()
        return self._code

    @property
    def strings(self):
        """(offset, literal with its quotes) of each string and character literal of a C++ text."""
        self._lex()
        return self._strings

    def line_of(self, offset):
        return self.text.count("\n", 0, offset) + 1


class Tree:
    """All files that count: what git tracks, or what a test made up."""

    def __init__(self, texts):
        """`texts` maps a path relative to the repository to its text."""
        self.sources = {path: Source(path, text) for path, text in sorted(texts.items())}

    @staticmethod
    def of_git(root):
        """Tree of the files under version control below `root`; binary files are left out."""
        listing = subprocess.run(
            ["git", "-C", str(root), "ls-files", "-z"], check=True, capture_output=True
        ).stdout.decode()
        texts = {}
        for path in filter(None, listing.split("\0")):
            file = pathlib.Path(root, path)
            if not file.is_file():
                continue  # deleted in the working tree, or a link to somewhere else
            data = file.read_bytes()
            if b"\0" in data[:8192]:
                continue
            texts[path] = data.decode("utf-8", errors="replace")
        return Tree(texts)

    def cpp(self, *rooms):
        """C++ sources below the given rooms ("core", "tests/emulator"), all of them without one."""
        for path, source in self.sources.items():
            if path.endswith(CPP) and (not rooms or path.startswith(tuple(r + "/" for r in rooms))):
                yield source

    def __contains__(self, path):
        return path in self.sources
