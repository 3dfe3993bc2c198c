"""Calls one of the Python loaders: python_driver.py LOADER PORT TABLE FILE; prints its verdict as JSON.

Runs in the virtual environment of python_test.py, one loader a process: doris-stream-load switches
Python's http.client to HTTP/1.0 for the whole process.
"""

import json
import sys


def doris_stream_load(port, password, table, rows):
    from doris_stream_load import stream_load

    loader = stream_load("127.0.0.1", "root", password, port, "test", table, "|")
    return loader.sendData(["|".join("\\N" if value is None else str(value) for value in row.values()) for row in rows])


def doris_client(port, password, table, rows):
    from DorisClient import DorisSession

    session = DorisSession([f"127.0.0.1:{port}"], "test", "root", password)
    # The public streamload() retries for ten seconds; what it calls is enough.
    return session._streamload(table, rows)


def pydoris(port, password, table, rows):
    from pydoris.doris_client import DorisClient

    client = DorisClient("127.0.0.1", str(port), "root", password)
    client.options.set_json_format().set_label("pydoris-1")
    return client.write("test", table, "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode())


def main():
    loader, port, password, table, file = sys.argv[1:]
    with open(file, encoding="utf-8") as rows:
        verdict = {"doris-stream-load": doris_stream_load, "DorisClient": doris_client, "pydoris": pydoris}[loader](
            int(port), password, table, json.load(rows))
    # What the loader itself prints comes before this line.
    print("\n" + json.dumps(verdict))


main()
