"""A whole exactly-once client: loads a file with one row on each line into a table, each line once.

Usage: exactly_once.py --target HOST:PORT [--target ...] --record FILE --writer NAME DATABASE.TABLE FILE

Kill it, the daemon, or StarRocks at any moment, start it again with the same words, and it goes on. What it
remembers (epoch, resume token, offset in the file) is in the record; its name belongs to the writer for ever, and
the record says to which writer, table and file name it belongs.
The file is complete; a last line without a line break is a line. With several targets it goes to the next one
when a daemon is gone or drains.

Exit status: 0 every line is committed; 1 something is wrong that a person has to look at; 2 another
instance of this writer is alive; 64 command line.
"""

import argparse
import contextlib
import itertools
import os
import sys
import time

import loadstar_client
from loadstar_client import Action, LoadstarError, RecordConflict, RecordDamaged, RecordFile, StartOver

CONNECT_WAIT = 5.0
MAX_PAUSE = 5.0


class WrongFile(Exception):
    """The record cannot be of this file."""


class LineSource:
    """Lines of a file that is complete, and the offset behind the last one taken."""

    def __init__(self, file):
        self._file = file
        self.position = 0

    @property
    def size(self) -> int:
        return os.fstat(self._file.fileno()).st_size

    def seek(self, position: int) -> None:
        self._file.seek(position)
        self.position = position

    def take(self, lines: int) -> "tuple[bytes, int]":
        """At most `lines` lines and their number; nothing at the end."""
        taken = list(itertools.islice(self._file, lines))
        self.position += sum(map(len, taken))
        if taken and not taken[-1].endswith(b"\n"):
            taken.append(b"\n")  # the last line of the file; batches are joined, so each ends with a line break
            return b"".join(taken), len(taken) - 1
        return b"".join(taken), len(taken)


def say(event: str, **facts) -> None:
    """One line for each event, at once: who watches this program may kill it at the next moment."""
    print(event, *(f"{name}={value}" for name, value in facts.items()), flush=True)


class Loader:
    """Loads one file by as many epochs as it takes."""

    def __init__(self, arguments, file, clients):
        self._arguments = arguments
        self._source = LineSource(file)
        self._clients = itertools.cycle(clients)
        self._fruitless = 0  # epochs since the last commit

    def run(self) -> None:
        """Returns when the whole file is committed."""
        while True:
            client = next(self._clients)
            if not client.wait_ready(CONNECT_WAIT):  # an epoch is spent only on a daemon that is there
                say("no_daemon")
                continue
            try:
                if self._load(client):
                    say("done", position=self._source.position)
                    return
                say("moving", why="the daemon drains")
            except StartOver as over:
                say("start_over", why=over)
            time.sleep(min(MAX_PAUSE, 0.05 * 2**self._fruitless))
            self._fruitless += 1

    def _load(self, client) -> bool:
        """One epoch. True if the whole file is committed, False if the daemon goes away before."""
        arguments, source = self._arguments, self._source
        database, table = arguments.table.split(".", 1)
        options = {"columns": arguments.columns.split(",")} if arguments.columns else {}
        options["properties"] = {"column_separator": arguments.separator}
        subject = f"{arguments.writer} {arguments.table} {os.path.basename(arguments.file)}"
        with client.exactly_once(
            database, arguments.writer, RecordFile(arguments.record, subject), retry_for=arguments.retry_for,
            open_timeout=arguments.timeout, call_timeout=arguments.timeout, client_name="exactly_once.py",
            on_committed=self._on_committed,
        ) as writer:
            say("opened", epoch=writer.epoch, position=writer.position, daemon=writer.opened.daemon_id)
            if writer.position > source.size:
                raise WrongFile(f"{arguments.record} is at byte {writer.position}, but {arguments.file} has {source.size}: "
                                "it is the record of another file")
            source.seek(writer.position)
            while True:
                data, rows = source.take(arguments.batch_rows)
                if rows:
                    writer.write_csv(table, data, rows, **options)
                if writer.rows and (not rows or writer.draining or writer.rows >= arguments.checkpoint_rows):
                    writer.checkpoint(source.position)
                if not rows or writer.draining:
                    writer.finish()
                    return not rows

    def _on_committed(self, checkpoint):
        self._fruitless = 0
        say("committed", checkpoint=checkpoint.checkpoint_id, position=checkpoint.position, rows=checkpoint.rows,
            checkpoint_ms=round(checkpoint.checkpoint_seconds * 1000, 1),
            commit_ms=round(checkpoint.commit_seconds * 1000, 1))


def positive(kind):
    """A converter for argparse: a number of this kind, above 0."""

    def convert(text):
        value = kind(text)
        if value <= 0:
            raise argparse.ArgumentTypeError(f"{text} is not above 0")
        return value

    return convert


def table_name(text):
    database, dot, table = text.partition(".")
    if not (database and dot and table):
        raise argparse.ArgumentTypeError(f"{text} is not DATABASE.TABLE")
    return text


def main(words=None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", action="append", required=True, help="gRPC address of a daemon")
    parser.add_argument("--record", required=True, help="file that this writer's state is kept in")
    parser.add_argument("--writer", required=True, help="name of the writer, [A-Za-z0-9_]{1,48}, for this file alone")
    parser.add_argument("--columns", default="", help="names of the columns, with commas between them")
    parser.add_argument("--separator", default=",", help="column separator")
    parser.add_argument("--batch-rows", type=positive(int), default=1000, help="rows of one batch")
    parser.add_argument("--checkpoint-rows", type=positive(int), default=50_000, help="rows of one checkpoint")
    parser.add_argument("--timeout", type=positive(float), default=60.0, help="seconds for one call")
    parser.add_argument("--retry-for", type=positive(float), default=60.0, help="seconds without progress until it starts over")
    parser.add_argument("table", type=table_name, help="DATABASE.TABLE")
    parser.add_argument("file", help="one row on each line")
    try:
        arguments = parser.parse_args(words)
    except SystemExit as exit_:
        return 64 if exit_.code else 0
    try:
        with contextlib.ExitStack() as stack:
            file = stack.enter_context(open(arguments.file, "rb"))
            clients = [stack.enter_context(loadstar_client.connect(target)) for target in arguments.target]
            Loader(arguments, file, clients).run()
        return 0
    except (RecordConflict, RecordDamaged, WrongFile, LoadstarError, OSError) as error:
        print(error, file=sys.stderr)
        another = isinstance(error, RecordConflict) or getattr(error, "action", None) is Action.GIVE_WAY
        return 2 if another else 1


if __name__ == "__main__":
    sys.exit(main())
