"""BITMAP, HLL and PERCENTILE columns, which take values through expressions only."""

import unittest

from grpc import StatusCode
from loadstar_client import LoadstarError
from loadstar_process import WAIT, ClusterCase

from hostile import TEXTS

TABLES = "CREATE DATABASE test;" + "".join(
    f"CREATE TABLE test.{form}_{name} (id INT NOT NULL, v {kind}) AGGREGATE KEY(id) DISTRIBUTED BY HASH(id);"
    for form in ("auto", "csv", "json")
    for name, kind in (("bitmap", "BITMAP BITMAP_UNION NOT NULL"), ("hll", "HLL HLL_UNION NOT NULL"),
                       ("percentile", "PERCENTILE PERCENTILE_UNION NOT NULL")))
FORMATS = ("auto", "csv", "json")
BITS = [0, 1, 2**31, 2**32, 2**53 + 1, 2**63 - 1]


class SketchTest(ClusterCase):
    TABLES = TABLES

    def setUp(self):
        super().setUp()
        self.emulator = self.start_emulator()
        settings = {f"test.{form}_{name}": {"properties": {"format": form}} for form in FORMATS for name in ("bitmap", "hll", "percentile")}
        self.daemon = self.start_daemon(self.emulator, {"tables": settings})
        self.client = self.connect(self.daemon)

    def distinct(self, table):
        return self.emulator.rows(f"SELECT id, COUNT(DISTINCT v) FROM {table} GROUP BY id ORDER BY id")

    def test_bitmaps_of_extremes(self):
        for form in FORMATS:
            with self.client.writer("test") as writer:
                rows = [(1, bit) for bit in BITS] + [(1, BITS[0]), (2, BITS[-1])]
                writer.write_rows(f"{form}_bitmap", ["id", "bit"], rows, expressions=["v=to_bitmap(bit)"])
            self.assertEqual(self.distinct(f"{form}_bitmap"), [(1, len(BITS)), (2, 1)], form)

    def test_hll_of_hostile_texts(self):
        for form in FORMATS:
            texts = [t for t in TEXTS if form != "csv" or not ("\x01" in t or "\x02" in t or t == "\\N")]
            with self.client.writer("test") as writer:
                writer.write_rows(f"{form}_hll", ["id", "text"], [(1, t) for t in texts] * 2, expressions=["v=hll_hash(text)"])
            self.assertEqual(self.distinct(f"{form}_hll"), [(1, len(texts))], form)

    def test_percentiles_of_numbers(self):
        for form in FORMATS:
            with self.client.writer("test") as writer:
                writer.write_rows(f"{form}_percentile", ["id", "n"], [(1, 1.5), (1, -2.25), (1, 7.0), (2, 1e300)],
                                  expressions=["v=percentile_hash(n)"])
            shown = self.emulator.rows(f"SELECT id, percentile_approx_raw(v, 0), percentile_approx_raw(v, 0.5), "
                                       f"percentile_approx_raw(v, 1) FROM {form}_percentile ORDER BY id")
            self.assertEqual(shown, [(1, -2.25, 1.5, 7.0), (2, 1e300, 1e300, 1e300)], form)

    def test_a_value_for_the_column_itself_is_refused_at_the_door(self):
        for name, maker in (("bitmap", "to_bitmap"), ("hll", "hll_hash"), ("percentile", "percentile_hash")):
            writer = self.client.writer("test", name)
            writer.write_rows(f"auto_{name}", ["id", "v"], [(1, 1)])
            with self.assertRaises(LoadstarError) as raised:
                writer.close(WAIT)
            error = raised.exception
            self.assertEqual((error.code, error.reason), (StatusCode.INVALID_ARGUMENT, "BAD_REQUEST"))
            self.assertEqual(error.violations[0].field, "batch[sequence=1].columns[1]")
            self.assertIn(f"{maker}(value)", str(error))


if __name__ == "__main__":
    unittest.main()
