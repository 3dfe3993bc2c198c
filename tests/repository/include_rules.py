"""Who may include whom (architecture.md 3, style-anchors.md 2.1, 2.3)."""

import re

from tree import Finding

_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*[<"]([^>"\n]+)[>"]', re.MULTILINE)

# Rooms from below: each may include itself and what is named here. A path ending in "/" is a
# directory, others are single headers.
_OWN = {
    "core/base": (),
    "core/http": ("core/base/",),
    "core/starrocks": ("core/base/", "core/http/"),
    "core/ingest": ("core/base/", "core/options.hpp"),
    "core/txn": ("core/",),
    # The one header above the rooms is values only: it names the option structs of each.
    "core": ("core/base/", "core/http/options.hpp", "core/starrocks/options.hpp"),
    # message.hpp has Endpoint, the type of an address in the option structs; column_list.hpp judges one option.
    "config": ("core/base/", "core/options.hpp", "core/http/message.hpp", "core/ingest/column_list.hpp"),
    "server": ("core/", "config/", "loadstar/v1/"),
    "tests/emulator/engine": (),
    "tests/emulator/server": ("tests/emulator/engine/engine.hpp",),
    "tests/emulator": ("tests/emulator/",),
}

_PROJECT = ("core/", "config/", "server/", "tests/", "proto/", "loadstar/v1/")

# Libraries that a room must not see, and why.
_FOREIGN = re.compile(r"^(grpc|grpcpp|google|yaml-cpp|sqlite3|CLI)(/|\.h|\b)")
_FOREIGN_ALLOWED = {
    "config": ("yaml-cpp",),
    "server": ("grpc", "grpcpp", "google", "CLI"),
    "tests/emulator": ("sqlite3", "CLI"),
}

# Headers state a contract; these libraries stay behind it (2.3).
_HEADER_BAN = {
    "core": (re.compile(r"^boost/beast\b"), ("core/http/exchange.hpp",), "Beast"),
    "config": (re.compile(r"^yaml-cpp/"), (), "yaml-cpp"),
}


def _room(path):
    """The most exact room of _OWN that `path` is in, or None (tests that may include anything)."""
    best = None
    for room in _OWN:
        if path.startswith(room + "/") and (best is None or len(room) > len(best)):
            best = room
    return best


def _includes(source):
    for match in _INCLUDE.finditer(source.text):
        yield source.line_of(match.start()), match.group(1)


def directions(tree):
    """Dependencies point down only; the emulator shares nothing with core (D11)."""
    for source in tree.cpp():
        room = _room(source.path)
        if room is None:
            continue
        allowed = (room + "/",) + _OWN[room] if room != "core" else _OWN[room] + ("core/options.hpp",)
        for line, included in _includes(source):
            if included.startswith(_PROJECT) and not any(
                included.startswith(entry) if entry.endswith("/") else included == entry for entry in allowed
            ):
                yield Finding(
                    source.path,
                    line,
                    f'"{included}" is out of bounds for {room}, which may include {", ".join(allowed)} '
                    "(architecture.md 3)",
                )


def libraries(tree):
    """core/ knows neither gRPC nor protobuf nor yaml-cpp; only the emulator knows SQLite."""
    for source in tree.cpp("core", "config", "server", "tests/emulator"):
        owner = next(room for room in ("core", "config", "server", "tests/emulator")
                     if source.path.startswith(room + "/"))
        for line, included in _includes(source):
            foreign = _FOREIGN.match(included)
            if foreign and foreign.group(1) not in _FOREIGN_ALLOWED.get(owner, ()):
                yield Finding(
                    source.path, line, f"<{included}> is not for {owner} (style-anchors.md 2.1)"
                )
            ban = _HEADER_BAN.get(owner)
            if ban and source.path.endswith(".hpp"):
                pattern, exceptions, name = ban
                if pattern.match(included) and source.path not in exceptions:
                    yield Finding(
                        source.path,
                        line,
                        f"<{included}> in a header; keep {name} behind it in the source (style-anchors.md 2.3)",
                    )


def project_rooted(tree):
    """Project headers are included by their path from the root, so that one spelling finds them all."""
    for source in tree.cpp():
        for match in re.finditer(r'^[ \t]*#[ \t]*include[ \t]*"([^"\n]+)"', source.text, re.MULTILINE):
            if not match.group(1).startswith(_PROJECT):
                yield Finding(
                    source.path,
                    source.line_of(match.start()),
                    f'"{match.group(1)}" is not rooted at the project; write "core/...", or <...> for a library',
                )


def pragma_once(tree):
    """Every header starts its code with #pragma once."""
    for source in tree.cpp():
        if source.path.endswith(".hpp") and not re.search(r"^#pragma once$", source.text, re.MULTILINE):
            yield Finding(source.path, 1, "no `#pragma once`")


RULES = (directions, libraries, project_rooted, pragma_once)
