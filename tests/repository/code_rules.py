"""Rules about what a C++ source may say (style-anchors.md 2.7.1, 2.7.3, 2.7.5, 2.9, 2.11)."""

import re

from tree import Finding

_PRODUCT = ("core", "config", "server")

_CONDITION = re.compile(r"\b(if|while|switch|for)\b(?:\s+constexpr)?\s*\(")


def await_in_condition(tree):
    """GCC 12.2 takes the wrong branch for `if (co_await ...)` in some coroutines (2.7.1)."""
    for source in tree.cpp():
        code = source.code
        for match in _CONDITION.finditer(code):
            end = _closing(code, match.end() - 1)
            inside = code.find("co_await", match.end(), end)
            if inside >= 0:
                yield Finding(
                    source.path,
                    source.line_of(inside),
                    f"co_await inside the parentheses of `{match.group(1)}`, which GCC 12.2 mistranslates; "
                    "write `const auto result = co_await ...;` before it",
                )


def _closing(code, opening):
    """Offset of the parenthesis that closes the one at `opening`; the end if there is none."""
    depth = 0
    for offset in range(opening, len(code)):
        if code[offset] == "(":
            depth += 1
        elif code[offset] == ")":
            depth -= 1
            if depth == 0:
                return offset
    return len(code)


class _Only:
    """A word that only the named files may use, among the sources below `rooms`."""

    def __init__(self, pattern, rooms, allowed, instead):
        self.pattern = re.compile(pattern)
        self.rooms = rooms
        self.allowed = allowed
        self.instead = instead


_EVERYWHERE = ("core", "config", "server", "tests")
_NOT_TESTS = ("core", "config", "server", "tests/emulator", "tests/core", "tests/config")

_WORDS = (
    _Only(r"\basio::detached\b", _EVERYWHERE, (), "give the coroutine an owner: TaskGroup::spawn (2.7.5)"),
    _Only(
        r"\bsteady_clock::now\b",
        _NOT_TESTS,
        # Tests over real sockets bound their waits by real time; Stopwatch is the emulator's load times.
        ("core/base/clock.cpp", "tests/emulator/server/clock.cpp", "tests/emulator/server/load_context.hpp",
         "tests/emulator/server/cluster_fixture.cpp", "tests/core/http/"),
        "use Clock::now() (core/base/clock.hpp), which tests drive",
    ),
    _Only(
        r"\bsystem_clock::now\b",
        _NOT_TESTS,
        # gRPC counts its deadlines on this clock and no other.
        ("core/base/clock.cpp", "server/unary_call.hpp", "server/grpc_server.cpp", "server/app.cpp",
         "tests/emulator/server/clock.cpp", "tests/emulator/engine/temporal.cpp"),
        "use wall_now() (core/base/clock.hpp)",
    ),
    _Only(
        r"\bstd::this_thread::sleep_(?:for|until)\b|\b(?:u|nano)?sleep\s*\(\s*[0-9]",
        _EVERYWHERE,
        (),
        "wait for the event itself; in coroutines sleep_for() of core/base/deadline.hpp",
    ),
    _Only(
        r"\bstd::random_device\b",
        _EVERYWHERE,
        ("server/app.cpp", "server/commands/push.cpp", "tests/emulator/server/text.cpp"),
        "take a seeded generator by reference (core/base/random.hpp); server/app.cpp seeds the daemon's, the "
        "command its own",
    ),
    _Only(
        r"\b(?:secure_)?getenv\b",
        ("core", "config", "server", "tests/emulator"),
        ("config/surroundings.cpp",),
        "take the value by parameter; only config/surroundings.cpp reads the environment",
    ),
    _Only(
        r"\bstd::c(?:out|err|log)\b",
        _PRODUCT,
        ("server/main.cpp", "server/commands/"),
        "take a std::ostream& by parameter; only the commands have a terminal (messages: Logger)",
    ),
)


def restricted_words(tree):
    """Time, randomness, environment and terminal come from one file each, so that tests can own them."""
    for word in _WORDS:
        for source in tree.cpp(*word.rooms):
            if any(source.path == a or (a.endswith("/") and source.path.startswith(a)) for a in word.allowed):
                continue
            for match in word.pattern.finditer(source.code):
                yield Finding(
                    source.path, source.line_of(match.start()), f"`{match.group(0)}`: {word.instead}"
                )


_METRIC = re.compile(r'^"loadstar_[a-z0-9_]+"$')
_METRIC_FILES = ("core/base/metrics.cpp",)

_PROTOCOL = re.compile(
    r"Label Already Exists|/api/transaction/|_stream_load\b|/get_load_state|Publish Timeout|TXN_NOT_EXISTS"
)
_PROTOCOL_ROOM = "core/starrocks/"


def misplaced_literals(tree):
    """Metric names live in metrics.cpp, StarRocks' words in core/starrocks (2.9, 2.11)."""
    for source in tree.cpp(*_PRODUCT):
        for offset, literal in source.strings:
            if _METRIC.match(literal) and source.path not in _METRIC_FILES:
                yield Finding(
                    source.path,
                    source.line_of(offset),
                    f"metric name {literal}; add it to core/base/metrics.cpp, which has all of them",
                )
            protocol = _PROTOCOL.search(literal)
            if protocol and not source.path.startswith(_PROTOCOL_ROOM):
                yield Finding(
                    source.path,
                    source.line_of(offset),
                    f"`{protocol.group(0)}` is StarRocks' protocol; only core/starrocks speaks it",
                )


RULES = (await_in_condition, restricted_words, misplaced_literals)
