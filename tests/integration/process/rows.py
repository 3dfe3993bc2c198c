"""A table that shows every loss and every double, and writers that fill it."""

import collections

# STRING is VARCHAR(65533) in StarRocks; some tests write more.
TABLES = """
CREATE DATABASE test;
CREATE TABLE test.events (writer VARCHAR(48) NOT NULL, batch BIGINT NOT NULL, line INT NOT NULL, text VARCHAR(1048576) NULL)
ENGINE=OLAP DUPLICATE KEY(writer, batch, line) DISTRIBUTED BY HASH(batch);
CREATE TABLE test.others (writer VARCHAR(48) NOT NULL, batch BIGINT NOT NULL, line INT NOT NULL, text VARCHAR(1048576) NULL)
ENGINE=OLAP DUPLICATE KEY(writer, batch, line) DISTRIBUTED BY HASH(batch);
"""
COLUMNS = ["writer", "batch", "line", "text"]
LINES = 3


def write(writer, name, batch, table="events", text="x", lines=LINES):
    """Writes one batch, whose rows say whose they are."""
    return writer.write_rows(table, COLUMNS, [(name, batch, line, text) for line in range(lines)])


def counts(emulator, table="events"):
    """{(writer, batch, line): how often it is in the table}, read from the SQLite file itself."""
    return collections.Counter(emulator.stored(f'SELECT writer, batch, line FROM "test.{table}"'))


def missing(emulator, name, last, table="events", lines=LINES):
    """Rows of the batches 1 to `last` of a writer that are not in the table."""
    have = counts(emulator, table)
    return [(batch, line) for batch in range(1, last + 1) for line in range(lines) if (name, batch, line) not in have]


def doubled(emulator, table="events"):
    """{(writer, batch)} of rows that are in the table more than once."""
    return {(writer, batch) for (writer, batch, _), count in counts(emulator, table).items() if count > 1}
