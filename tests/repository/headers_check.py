#!/usr/bin/env python3
"""Compiles the headers that no source of their own includes first, each on its own (style-anchors.md 2.3).

Usage: headers_check.py BUILD

A header with a source beside it is the first include of that source (rule of check.py), so the build has
compiled it on its own already. The others are compiled here, without output, with the flags that BUILD
(compile_commands.json) has for a source of their directory or below it. tests/soak.sh compiles all of them.
"""

import concurrent.futures
import json
import os
import pathlib
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROOMS = ("core", "config", "server")


def flags_by_directory(build):
    """{directory of sources: compiler and flags without input and output}, of the whole build."""
    flags = {}
    for entry in json.loads(pathlib.Path(build, "compile_commands.json").read_text(encoding="utf-8")):
        words = shlex.split(entry["command"])
        kept = [word for word in words if word not in ("ccache", "-c", entry["file"]) and not word.endswith(".o")]
        kept = [word for word in kept if word not in ("-o", "-MD", "-MT", "-MF") and not word.endswith(".o.d")]
        flags.setdefault(pathlib.Path(entry["file"]).parent, (kept, entry["directory"]))
    return flags


def main(arguments):
    build = pathlib.Path(arguments[0])
    flags = flags_by_directory(build)
    headers = [header for room in ROOMS for header in sorted((ROOT / room).rglob("*.hpp")) if not header.with_suffix(".cpp").exists()]

    def check(header):
        near = [at for at in flags if at == header.parent or header.parent in at.parents]
        directory = min(near, key=lambda at: len(at.parts), default=None)
        if directory is None:
            return header, "no source of its directory or below it is compiled"
        words, where = flags[directory]
        done = subprocess.run([*words, "-fsyntax-only", "-x", "c++", "-include", str(header), "/dev/null"],
                              cwd=where, capture_output=True, text=True, check=False)
        return header, done.stderr if done.returncode else ""

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(check, headers))
    bad = [(header, text) for header, text in results if text]
    for header, text in bad:
        print(f"--- {header.relative_to(ROOT)}\n{text}")
    print(f"{len(headers)} headers on their own, {len(bad)} do not compile")
    return 1 if bad or not headers else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
