#!/usr/bin/env python3
"""Tests of the repository check: each rule finds its case, and leaves the right form alone."""

import pathlib
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import check  # noqa: E402
import code_rules  # noqa: E402
import file_rules  # noqa: E402
import include_rules  # noqa: E402
from tree import Source, Tree  # noqa: E402


def findings(rule, texts):
    return [(f.path, f.line) for f in rule(Tree(texts))]


class SourceTest(unittest.TestCase):
    def test_comments_and_literals_are_blanked_at_their_places(self):
        source = Source("a.cpp", 'int a; // x\nauto s = "y\\"z"; /* 1\n2 */ char c = \'"\'; int b = 1\'000;\n')
        self.assertEqual(len(source.code), len(source.text))
        for gone in ("x", "y", "2 */"):
            self.assertNotIn(gone, source.code)
        self.assertIn("int b = 1'000;", source.code)
        self.assertEqual(source.line_of(source.code.index("int b")), 3)
        self.assertEqual([literal for _, literal in source.strings], ['"y\\"z"', "'\"'"])

    def test_a_raw_string_is_one_literal(self):
        source = Source("a.cpp", 'auto s = R"json({"a": "// b"})json"; int c;\n')
        self.assertEqual(len(source.strings), 1)
        self.assertIn("int c;", source.code)


class CodeRulesTest(unittest.TestCase):
    def test_await_in_a_condition_is_found_on_its_line(self):
        for head in ("if (", "while (", "switch (", "if constexpr (", "if (a(b) &&\n   "):
            text = head + "co_await f()) {}\n"
            self.assertEqual(
                findings(code_rules.await_in_condition, {"core/x/a.cpp": text}),
                [("core/x/a.cpp", text[: text.index("co_await")].count("\n") + 1)],
            )

    def test_await_beside_a_condition_is_fine(self):
        text = "const bool ok = co_await f();\nif (ok) co_await g();\n// if (co_await f())\n"
        self.assertEqual(findings(code_rules.await_in_condition, {"core/x/a.cpp": text}), [])

    def test_restricted_words_are_found_outside_their_file_only(self):
        cases = {
            "asio::co_spawn(e, f(), asio::detached);": "core/txn/a.cpp",
            "auto t = std::chrono::steady_clock::now();": "core/txn/a.cpp",
            "auto w = std::chrono::system_clock::now();": "server/a.cpp",
            "std::this_thread::sleep_for(1s);": "tests/integration/a.cpp",
            "::usleep(100);": "tests/integration/a.cpp",
            "std::random_device seed;": "core/base/backoff.cpp",
            'auto home = std::getenv("HOME");': "core/base/log.cpp",
            "std::cout << 1;": "core/base/log.cpp",
            "std::cerr << 1;": "config/load.cpp",
        }
        for text, path in cases.items():
            with self.subTest(text):
                self.assertEqual(findings(code_rules.restricted_words, {path: text + "\n"}), [(path, 1)])
                self.assertEqual(findings(code_rules.restricted_words, {path: "// " + text + "\n"}), [])
        clock = {"core/base/clock.cpp": "return std::chrono::steady_clock::now();\n"}
        self.assertEqual(findings(code_rules.restricted_words, clock), [])
        command = {"server/commands/version.cpp": "std::cout << 1;\n"}
        self.assertEqual(findings(code_rules.restricted_words, command), [])
        own = {"core/a.cpp": "const bool slept = co_await sleep_for(length);\n"}
        self.assertEqual(findings(code_rules.restricted_words, own), [])

    def test_literals_belong_to_their_file(self):
        metric = 'auto name = "loadstar_loads_total";\n'
        self.assertEqual(len(findings(code_rules.misplaced_literals, {"server/a.cpp": metric})), 1)
        self.assertEqual(findings(code_rules.misplaced_literals, {"core/base/metrics.cpp": metric}), [])
        self.assertEqual(findings(code_rules.misplaced_literals, {"tests/core/a_test.cpp": metric}), [])
        for literal in ('"Label Already Exists"', '"/api/transaction/begin"', '"/_stream_load"'):
            text = f"auto word = {literal};\n"
            self.assertEqual(len(findings(code_rules.misplaced_literals, {"core/txn/a.cpp": text})), 1)
            self.assertEqual(findings(code_rules.misplaced_literals, {"core/starrocks/a.cpp": text}), [])
            self.assertEqual(findings(code_rules.misplaced_literals, {"tests/emulator/a.cpp": text}), [])


class IncludeRulesTest(unittest.TestCase):
    def assert_include(self, path, included, count, rule=include_rules.directions):
        with self.subTest(path=path, included=included):
            self.assertEqual(len(findings(rule, {path: f"#include {included}\n"})), count)

    def test_dependencies_point_down_only(self):
        for path, included in (
            ("core/base/a.cpp", '"core/http/url.hpp"'),
            ("core/http/a.cpp", '"core/starrocks/label.hpp"'),
            ("core/starrocks/a.cpp", '"core/ingest/lane.hpp"'),
            ("core/ingest/a.cpp", '"core/starrocks/client.hpp"'),
            ("core/txn/a.cpp", '"config/options.hpp"'),
            ("core/txn/a.cpp", '"tests/support/run.hpp"'),
            ("core/txn/a.cpp", '"loadstar/v1/data.pb.h"'),
            ("core/options.hpp", '"core/txn/api.hpp"'),
            ("config/a.cpp", '"core/http/url.hpp"'),
            ("config/a.cpp", '"server/app.hpp"'),
            ("server/a.cpp", '"tests/support/run.hpp"'),
            ("tests/emulator/server/a.cpp", '"core/base/error.hpp"'),
            ("tests/emulator/server/a.cpp", '"tests/support/run.hpp"'),
            ("tests/emulator/server/a.cpp", '"tests/emulator/engine/value.hpp"'),
            ("tests/emulator/engine/a.cpp", '"tests/emulator/server/http.hpp"'),
        ):
            self.assert_include(path, included, 1)
        for path, included in (
            ("core/http/a.cpp", '"core/base/error.hpp"'),
            ("core/txn/a.cpp", '"core/ingest/lane.hpp"'),
            ("core/ingest/a.cpp", '"core/options.hpp"'),
            ("core/options.hpp", '"core/http/options.hpp"'),
            ("config/a.cpp", '"core/options.hpp"'),
            ("server/a.cpp", '"loadstar/v1/data.pb.h"'),
            ("tests/core/txn/a_test.cpp", '"tests/support/run.hpp"'),
            ("tests/emulator/server/a.cpp", '"tests/emulator/engine/engine.hpp"'),
            ("tests/integration/a.cpp", '"core/txn/api.hpp"'),
            ("core/base/a.cpp", "<vector>"),
        ):
            self.assert_include(path, included, 0)

    def test_libraries_stay_in_their_room(self):
        rule = include_rules.libraries
        self.assert_include("core/txn/a.cpp", "<grpcpp/grpcpp.h>", 1, rule)
        self.assert_include("core/txn/a.cpp", "<google/protobuf/message.h>", 1, rule)
        self.assert_include("core/txn/a.cpp", "<yaml-cpp/yaml.h>", 1, rule)
        self.assert_include("server/a.cpp", "<sqlite3.h>", 1, rule)
        self.assert_include("server/a.cpp", "<grpcpp/grpcpp.h>", 0, rule)
        self.assert_include("config/a.cpp", "<yaml-cpp/yaml.h>", 0, rule)
        self.assert_include("config/a.hpp", "<yaml-cpp/yaml.h>", 1, rule)
        self.assert_include("core/http/pool.hpp", "<boost/beast/core.hpp>", 1, rule)
        self.assert_include("core/http/exchange.hpp", "<boost/beast/core.hpp>", 0, rule)
        self.assert_include("tests/emulator/engine/a.cpp", "<sqlite3.h>", 0, rule)

    def test_project_headers_are_rooted(self):
        self.assert_include("core/http/a.cpp", '"url.hpp"', 1, include_rules.project_rooted)
        self.assert_include("core/http/a.cpp", '"core/http/url.hpp"', 0, include_rules.project_rooted)

    def test_headers_have_pragma_once(self):
        self.assertEqual(findings(include_rules.pragma_once, {"core/a.hpp": "int a;\n"}), [("core/a.hpp", 1)])
        self.assertEqual(findings(include_rules.pragma_once, {"core/a.hpp": "#pragma once\n"}), [])


class FileRulesTest(unittest.TestCase):
    def test_a_file_that_nothing_builds_is_found(self):
        texts = {
            "core/x/CMakeLists.txt": "add(SOURCES a.cpp ../options.cpp # c.cpp\n ${PROJECT_SOURCE_DIR}/core/y/d.cpp)\n",
            "core/fuzz/CMakeLists.txt": "foreach(t a b)\n add(${t}_fuzz.cpp)\nendforeach()\n",
            "core/x/a.cpp": "",
            "core/x/b.cpp": "",
            "core/x/c.cpp": "",
            "core/y/d.cpp": "",
            "core/options.cpp": "",
            "core/fuzz/a_fuzz.cpp": "",
            "core/fuzz/a_help.cpp": "",
        }
        self.assertEqual(
            [path for path, _ in findings(file_rules.unbuilt, texts)],
            ["core/fuzz/a_help.cpp", "core/x/b.cpp", "core/x/c.cpp"],
        )

    def test_a_header_of_tests_is_built_by_who_includes_it(self):
        texts = {
            "tests/CMakeLists.txt": "add(SOURCES a_test.cpp)\n",
            "tests/a_test.cpp": '#include "tests/used.hpp"\n#include "core/used.hpp"\n',
            "tests/used.hpp": "",
            "tests/unused.hpp": "",
            "core/used.hpp": "",
        }
        self.assertEqual([path for path, _ in findings(file_rules.unbuilt, texts)], ["core/used.hpp", "tests/unused.hpp"])

    def test_a_core_source_without_its_test_is_found(self):
        texts = {"core/x/a.cpp": "", "core/x/b.cpp": "", "core/x/c.hpp": "", "core/base/clock.cpp": "",
                 "tests/core/x/b_test.cpp": "", "server/d.cpp": ""}
        self.assertEqual(findings(file_rules.untested, texts), [("core/x/a.cpp", 1)])

    def test_tabs_and_trailing_blanks_are_found_but_not_in_data(self):
        text = "a\tb\nc \nd\n"
        self.assertEqual(findings(file_rules.blanks, {"core/a.cpp": text}), [("core/a.cpp", 1), ("core/a.cpp", 2)])
        self.assertEqual(findings(file_rules.blanks, {"tests/fuzz/corpus/x/1": text, "a.csv": text}), [])
        self.assertEqual(findings(file_rules.blanks, {"core/a.cpp": "int a;"}), [("core/a.cpp", 1)])
        self.assertEqual(findings(file_rules.blanks, {"tests/a.go": "\t\ta\n\ta\tb\n"}), [("tests/a.go", 2)])

    def test_what_is_left_to_do_names_its_issue(self):
        for text, count in (("// TODO: x\n", 1), ("// FIXME\n", 1), ("// TODO(me): x\n", 1), ("// TODO(#12): x\n", 0)):
            self.assertEqual(len(findings(file_rules.todo_without_issue, {"core/a.cpp": text})), count, text)

    def test_a_new_entry_at_the_top_is_found_once(self):
        texts = {"core/a.cpp": "", "scripts/a.sh": "", "scripts/b.sh": "", "README.md": ""}
        self.assertEqual(findings(file_rules.top_level, texts), [("scripts/a.sh", 1)])

    def test_a_long_file_is_a_warning(self):
        found = list(file_rules.long_files(Tree({"core/a.cpp": "int a;\n" * 401, "core/b.cpp": "int a;\n" * 400})))
        self.assertEqual([(f.path, f.warning) for f in found], [("core/a.cpp", True)])


class CheckTest(unittest.TestCase):
    def test_every_rule_of_the_modules_is_run_and_findings_are_sorted(self):
        tree = Tree({"core/b.hpp": "int a;\t\n", "core/a.hpp": "int a; \n"})
        found = check.check(tree)
        self.assertEqual([f.path for f in found], sorted(f.path for f in found))
        self.assertEqual(len(check.RULES), len(set(check.RULES)))
        for module in (code_rules, include_rules, file_rules):
            rules = [f for f in vars(module).values()
                     if callable(f) and getattr(f, "__module__", "") == module.__name__
                     and not f.__name__.startswith("_") and f.__code__.co_varnames[:1] == ("tree",)]
            self.assertEqual(set(rules), set(module.RULES))

    def test_the_message_says_where_and_what_instead(self):
        found = check.check(Tree({"core/CMakeLists.txt": "a.hpp\n", "core/a.hpp": "#pragma once\nasio::detached;\n"}))
        self.assertEqual(
            [str(f) for f in found],
            ["core/a.hpp:2: `asio::detached`: give the coroutine an owner: TaskGroup::spawn (2.7.5)"],
        )


if __name__ == "__main__":
    unittest.main()
