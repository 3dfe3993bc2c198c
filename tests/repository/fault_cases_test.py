"""tests/fault_cases.md has one line for each fault case, and names no test that does not exist."""

import collections
import functools
import os
import pathlib
import re
import unittest

ROOT = pathlib.Path(os.environ.get("LOADSTAR_SOURCE") or pathlib.Path(__file__).resolve().parents[2])
TABLE = ROOT / "tests/fault_cases.md"
CASES = [f"F{number:03d}" for number in range(1, 284)]
STATES = ("covered", "partly", "n/a", "none", "open")
NOTED = ("partly", "n/a", "none", "open")  # those whose note says why


@functools.lru_cache(maxsize=None)
def numbers_in(text):
    """All case numbers that a text mentions; `F076 to F079` and `F076-F079` mention those between too."""
    found = set(re.findall(r"\bF\d{3}\b", text))
    for first, last in re.findall(r"\bF(\d{3})(?: to |-)F(\d{3})\b", text):
        found.update(f"F{number:03d}" for number in range(int(first), int(last) + 1))
    return found


def comments_above(lines, at):
    """Comment lines directly above line `at`, and decorators between."""
    first = at
    while first > 0 and re.match(r"\s*(#|//|@)", lines[first - 1]):
        first -= 1
    return lines[first:at]


def block(lines, at):
    """Line `at` and those that belong to it: indented deeper, or closing it."""
    indent = re.match(r" *", lines[at]).group()
    end = at + 1
    while end < len(lines) and re.match(rf"{indent}( |[)\]}}]|$)|$", lines[end]):
        end += 1
    return lines[at:end]


@functools.lru_cache(maxsize=None)
def said_by(text, name):
    """What a test of a file says: its body, the comment above it, and the tables of the file that its body names. For a row of
    a table (an enumerator, a parameter of a test): the row, and the comment above it. None without such a test or row."""
    word = re.escape(name)
    lines = text.splitlines()
    tests = [at for at, line in enumerate(lines) if re.match(rf" *(async )?def {word}\(|TEST(_F|_P)?\(\w+, {word}\)", line)
             or (re.match(r"TEST(_F|_P)?\(\w+,$", line) and re.match(rf" *{word}\)", lines[at + 1]))]
    said = []
    for at in tests:
        body = block(lines, at)
        said += comments_above(lines, at) + body
        for table, line in enumerate(lines):
            constant = re.match(r"(?:[A-Z][A-Z_]*(?= = )|(?:inline |static )?const(?:expr)? .*?\b(k[A-Z]\w*)\b)", line)
            if constant and re.search(rf"\b{constant.group(1) or constant.group()}\b", "\n".join(body)):
                said += comments_above(lines, table) + block(lines, table)
    if not tests:
        for at, line in enumerate(lines):
            if re.match(rf' *{word},|.*"{word}"', line):
                said += comments_above(lines, at) + [line]
    return "\n".join(said) or None


def rows_of(text):
    """(case, state, tests, note) of each line."""
    for line in text.splitlines():
        if re.match(r"\| F\d", line):
            case, state, _, tests, note = (cell.strip() for cell in line.strip().strip("|").split("|"))
            yield case, state, [entry for entry in tests.split("; ") if entry], note


def problems_of(rows, read):
    """What is wrong with the table. `read(path)` is the text of a file below tests/, None without one."""
    count = collections.Counter(case for case, *_ in rows)
    problems = [f"{case}: {count[case]} lines" for case in CASES if count[case] != 1]
    problems += [f"{case}: no such case" for case in count if case not in CASES]
    for case, state, tests, note in rows:
        if state not in STATES:
            problems.append(f"{case}: `{state}` is none of {', '.join(STATES)}")
        if bool(tests) != (state in ("covered", "partly")):
            problems.append(f"{case}: {state}, and {len(tests)} tests are named")
        if state in NOTED and not note:
            problems.append(f"{case}: {state}, and no note says why")
        for entry in tests:
            path, _, name = entry.partition(": ")
            text = read(path)
            if text is None:
                problems.append(f"{case}: no file tests/{path}")
            elif (said := said_by(text, name)) is None:
                problems.append(f"{case}: no {name} in tests/{path}")
            elif case not in numbers_in(said):
                problems.append(f"{case}: {name} in tests/{path} does not mention it")
    return problems


@functools.lru_cache(maxsize=None)
def read(path):
    file = ROOT / "tests" / path
    return file.read_text(encoding="utf-8") if file.is_file() else None


class FaultCasesTest(unittest.TestCase):
    def test_the_table_is_complete_and_true(self):
        rows = list(rows_of(TABLE.read_text(encoding="utf-8")))
        self.assertEqual(problems_of(rows, read), [])
        counts = collections.Counter(state for _, state, *_ in rows)
        print(f"\nfault cases: {len(rows)}; " + ", ".join(f"{counts[state]} {state}" for state in STATES))

    def test_each_kind_of_mistake_is_found(self):
        good = [(case, "open", [], "why") for case in CASES]
        self.assertEqual(problems_of(good, read), [])
        files = {
            "a_test.py": '"""F002"""\n# F006\nGRID = (\n    # F007\n    "F008",\n)\nOTHER = "F009"\n\n\nclass ATest:\n'
                         "    # F001, F003 to F005\n    def test_it(self):\n        a = 1  # F010\n\n        for b in GRID:\n"
                         "            pass  # F011\n\n    # F012\n    def test_that(self):\n        pass  # F013\n",
            "a_test.cpp": "constexpr Row kRows[] = {\n    {1},  // F014\n};\n\n// F015\n// F016\nTEST_P(A, It) {\n  b(kRows);\n\n"
                          "  // F017\n}\n\n// F018\nTEST(A,\n     That) {\n}\n\nB(\n    // F019\n    Broken{\"R1\", 1},\n"
                          "    Broken{\"R2\", 2});\nenum E {\n  kRow,  ///< F020\n};\n",
        }
        for row, problem in (
            (("F001", "covered", ["a_test.py: test_it"], ""), None),
            (("F004", "covered", ["a_test.py: test_it"], ""), None),
            *(((f"F{number:03d}", "covered", [entry], ""), None if number in numbers else "does not mention")
              for entry, numbers in (
                  ("a_test.py: test_it", (1, 3, 4, 5, 6, 7, 8, 10, 11)),  # the comment above a table belongs to it
                  ("a_test.py: test_that", (12, 13)),
                  ("a_test.cpp: It", (14, 15, 16, 17)),
                  ("a_test.cpp: That", (18,)),
                  ("a_test.cpp: R1", (19,)),
                  ("a_test.cpp: kRow", (20,)),
              ) for number in range(1, 22)),
            (("F020", "covered", ["a_test.cpp: R2"], ""), "does not mention"),
            (("F001", "covered", ["a_test.py: test_i"], ""), "no test_i in"),
            (("F001", "covered", ["b_test.py: test_it"], ""), "no file"),
            (("F001", "covered", [], ""), "0 tests"),
            (("F001", "open", ["a_test.py: test_it"], "why"), "1 tests"),
            (("F001", "none", ["a_test.py: test_it"], "why"), "1 tests"),
            (("F001", "partly", ["a_test.py: test_it"], ""), "no note"),
            (("F001", "n/a", [], ""), "no note"),
            (("F001", "none", [], ""), "no note"),
            (("F001", "open", [], ""), "no note"),
            (("F001", "done", [], ""), "is none of"),
            (("F284", "open", [], "why"), "no such case"),
        ):
            rows = [entry for entry in good if entry[0] != row[0]] + [row]
            problems = problems_of(rows, files.get)
            self.assertEqual(len(problems), 0 if problem is None else 1, problems)
            self.assertIn(problem or "", "".join(problems))
        self.assertEqual(len(problems_of(good[1:], read)), 1)
        self.assertEqual(len(problems_of([*good, good[0]], read)), 1)


if __name__ == "__main__":
    unittest.main()
