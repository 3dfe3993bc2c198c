"""Compressed loads through the real daemon: the table's codec, in every format and protocol."""

import json
import unittest

from loadstar.v1 import data_pb2
from loadstar_process import ClusterCase

# The table's option, and what asks StarRocks for it (starrocks-load-protocol.md 4.3).
CODECS = {"gzip": ("gzip", "GZIP"), "lz4_frame": ("lz4", "LZ4_FRAME"), "zstd": ("zstd", "ZSTD")}
TEXTS = ["", "a,b", "x\x01y", "\\N ", "é€😀", '"quoted"', "\n"]


class CompressionTest(ClusterCase):
    TABLES = "CREATE DATABASE test;" + "".join(
        f"CREATE TABLE test.{codec}_{protocol} (id BIGINT NOT NULL, v STRING NULL) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id);"
        for codec in ("none", *CODECS) for protocol in ("stream_load", "transaction"))

    def start(self, version=None):
        self.emulator = self.start_emulator(options=["--version-string", version] if version else [])
        tables = {f"test.{codec}_{protocol}": {"compression": codec, "protocol": protocol}
                  for codec in ("none", *CODECS) for protocol in ("stream_load", "transaction")}
        self.daemon = self.start_daemon(self.emulator, {"defaults": {"flush": {"max_ack_wait": "1ms"}}, "tables": tables})
        self.client = self.connect(self.daemon)

    def load_each_format(self, table):
        """The same rows five times: typed as CSV and as JSON, CSV, NDJSON, a JSON array."""
        objects = [{"id": number, "v": text} for number, text in enumerate(TEXTS)]
        lines = "".join(json.dumps(entry) + "\n" for entry in objects)
        text = "".join(f"{number}\x01{text}\x02" for number, text in enumerate(TEXTS) if "\x01" not in text)
        with self.client.writer("test") as writer:
            writer.write_rows(table, ["id", "v"], [(number, text) for number, text in enumerate(TEXTS) if "\x01" not in text])
            writer.write_rows(table, ["id", "v"], list(enumerate(TEXTS)))
            writer.write_csv(table, text, len(TEXTS) - 1, columns=["id", "v"],
                             properties={"column_separator": "\\x01", "row_delimiter": "\\x02"})
            writer._write(table, data_pb2.FORMAT_NDJSON, len(objects), data=lines.encode())
            writer._write(table, data_pb2.FORMAT_JSON_ARRAY, len(objects), data=json.dumps(objects).encode())
        expected = [(number, text) for number, text in enumerate(TEXTS) for _ in range(3 if "\x01" in text else 5)]
        self.assertEqual(self.emulator.stored(f'SELECT id, v FROM "test.{table}" ORDER BY id'), expected, table)

    def loads(self, table):
        """Headers of the loads that a backend took."""
        return [entry["headers"] for entry in self.emulator.requests()
                if entry["table"] == table and entry["op"] in ("load", "stream_load") and entry["server"].startswith("be")]

    def test_every_codec_in_every_format_and_protocol(self):
        self.start()
        for codec, (csv_format, json_codec) in CODECS.items():
            for protocol in ("stream_load", "transaction"):
                table = f"{codec}_{protocol}"
                self.load_each_format(table)
                loads = self.loads(table)
                kinds = {(load["format"], load.get("compression", "")) for load in loads}
                self.assertEqual(kinds, {(csv_format, ""), ("json", json_codec)}, table)
                self.assertTrue(all(load.get("transfer-encoding") == "chunked" for load in loads), loads)

    def test_it_is_off_unless_asked_for(self):
        self.start()
        self.load_each_format("none_stream_load")
        kinds = {(load["format"], load.get("compression", "")) for load in self.loads("none_stream_load")}
        self.assertEqual(kinds, {("csv", ""), ("json", "")})

    def test_json_goes_plain_to_releases_that_would_not_unpack_it(self):
        self.start("3.2.6")
        self.load_each_format("zstd_stream_load")
        kinds = {(load["format"], load.get("compression", "")) for load in self.loads("zstd_stream_load")}
        self.assertEqual(kinds, {("zstd", ""), ("json", "")})

    def test_large_loads_go_out_in_pieces_and_are_counted_as_they_went(self):
        self.start()
        rows = [(number, f"row number {number} with a text that repeats itself " * 4) for number in range(5_000)]
        for codec in ("none", *CODECS):
            table = f"{codec}_stream_load"
            with self.client.writer("test") as writer:
                for start in range(0, len(rows), 500):
                    writer.write_rows(table, ["id", "v"], rows[start:start + 500])
            self.assertEqual(self.emulator.stored(f'SELECT id, v FROM "test.{table}" ORDER BY id'), rows, table)
            plain = self.daemon.metric("loadstar_load_bytes_total", table=table)
            wire = self.daemon.metric("loadstar_load_wire_bytes_total", table=table)
            self.assertGreater(plain, 800_000)
            if codec == "none":
                self.assertEqual(wire, plain)
            else:
                self.assertLess(wire, plain / 4, table)


if __name__ == "__main__":
    unittest.main()
