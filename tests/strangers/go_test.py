"""Go's net/http as a loader: plain loads and transactions, through both redirects of a follower.

The driver go/main.go needs nothing but the standard library, so that Debian's Go 1.19 builds it.
"""

import json
import os
import unittest

from driver import Driver, DriverError
from stranger_case import KEPT, PASSWORD, SOURCE, StrangerCase, kept, output_of, tool

CSV = "1,Lily,23\n2,Rose,\\N\n"
ROWS = [(1, "Lily", 23), (2, "Rose", None)]
ALL_PEOPLE = "SELECT id, name, score FROM people ORDER BY id"


class GoTest(StrangerCase):
    NAME = "go"

    @classmethod
    def prepare(cls):
        go = tool("go", "golang-go")
        sources = [SOURCE / "go/go.mod", SOURCE / "go/main.go"]

        def make(directory):
            # Nothing is fetched: no toolchain and no module.
            output_of([go, "build", "-o", directory / "go-driver", "."], 600, cwd=SOURCE / "go",
                      environment={"GOTOOLCHAIN": "local", "GOPROXY": "off", "GOFLAGS": "-mod=mod", "CGO_ENABLED": "0",
                                   "GOCACHE": os.environ.get("GOCACHE", str(KEPT / "go-cache"))})

        kept("go", [*sources, output_of([go, "version"], 60)], make)
        cls.command = [KEPT / "go/go-driver"]

    def open(self, url=None) -> Driver:
        driver = Driver(self.command)
        self.addCleanup(driver.kill)
        driver.ask("open", url or self.follower, PASSWORD)
        return driver

    def file(self, text):
        path = self.directory / "rows.csv"
        path.write_text(text, encoding="utf-8")
        return path

    def test_plain_loads(self):
        for url in (self.emulator.url, self.follower):
            driver = self.open(url)
            for i in range(3):
                text = "".join(f"{j}\tline {j}\n" for j in range(20_000))
                reply = json.loads(driver.ask("send", "log", f"go-{len(url)}-{url[-5:]}-{i}", self.file(text)))
                self.assertEqual(reply["NumberLoadedRows"], 20_000)
        self.assert_rows("SELECT COUNT(*), COUNT(DISTINCT id) FROM log", [(120_000, 20_000)])

    def test_a_used_label_is_refused(self):
        driver = self.open()
        driver.ask("send", "people", "go-1", self.file(CSV), "column_separator=,")
        with self.assertRaisesRegex(DriverError, "Label Already Exists"):
            driver.ask("send", "people", "go-1", self.file("9,Twice,9\n"), "column_separator=,")
        self.assert_rows(ALL_PEOPLE, ROWS)

    def test_transaction(self):
        driver = self.open()
        driver.ask("begin", "go-2")
        driver.ask("load", "go-2", self.file("1,Lily,23\n"), "column_separator=,")
        driver.ask("load", "go-2", self.file("2,Rose,\\N\n"), "column_separator=,")
        self.assertEqual(json.loads(driver.ask("prepare", "go-2"))["NumberLoadedRows"], 2)
        self.assertEqual(json.loads(driver.ask("state", "go-2"))["state"], "PREPARED")
        self.assert_rows(ALL_PEOPLE, [])
        driver.ask("commit", "go-2")
        self.assertEqual(json.loads(driver.ask("state", "go-2"))["state"], "VISIBLE")
        self.assert_rows(ALL_PEOPLE, ROWS)

    def test_rollback_frees_the_label(self):
        driver = self.open()
        driver.ask("begin", "go-3")
        driver.ask("load", "go-3", self.file("9,Gone,9\n"), "column_separator=,")
        driver.ask("rollback", "go-3")
        with self.assertRaisesRegex(DriverError, "Can not commit ABORTED"):
            driver.ask("commit", "go-3")
        driver.ask("begin", "go-3")
        driver.ask("load", "go-3", self.file(CSV), "column_separator=,")
        driver.ask("commit", "go-3")
        self.assert_rows(ALL_PEOPLE, ROWS)


if __name__ == "__main__":
    unittest.main()
