"""A TCP proxy between daemons and StarRocks that loses, cuts and delays what passes, at chosen requests."""

import asyncio
import collections
import contextlib
import re
import socket
import struct
import threading
from dataclasses import dataclass
from typing import Callable

_REQUEST = re.compile(rb"(?:GET|POST|PUT|DELETE) (\S+) HTTP/1\.1\r\n")
# The first that fits names the request, as starrocks-load-protocol.md does.
_OPERATIONS = (
    (re.compile(r"/api/transaction/(begin|load|prepare|commit|rollback)"), None),
    (re.compile(r"/get_load_state"), "state"),
    (re.compile(r"/_stream_load"), "stream_load"),
    (re.compile(r"/_cancel"), "cancel"),
)
_PIECE = 64 * 1024


@dataclass
class Strike:
    """What happens to the next request of an operation.

    `when`: "request" (nothing of it arrives), "body" (its head and `after_bytes` more arrive), "reply"
    (all arrives, `after_bytes` of the answer come back), "delay" (it arrives `delay` seconds later).
    Except for "delay" the connection is reset then. `then` is called as it happens. A load passes the
    FE first and then, redirected, its BE; `ports` says where to strike, anywhere if it is empty.
    """

    operation: str
    when: str
    after_bytes: int = 0
    delay: float = 0.0
    ports: "tuple[int, ...]" = ()
    then: "Callable[[], None] | None" = None
    struck: bool = False


class _Connection:
    """Both sides of one connection, and what is to happen to it."""

    def __init__(self, near, far):
        self.writers = (near, far)
        self.body_left = None  # bytes that still pass to StarRocks
        self.reply_left = None  # bytes that still come back
        self.strike = None

    def reset(self):
        """RST to both sides, as a machine that has lost its memory."""
        for writer in self.writers:
            with contextlib.suppress(OSError):
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()


class FaultProxy:
    """One listener on loopback for each of `ports`; runs on a thread of its own until `stop`.

    With `tls`, an ssl.SSLContext, daemons reach it by TLS; StarRocks is reached without in any case.
    """

    def __init__(self, ports, tls=None):
        self._tls = tls
        self.faults = collections.Counter()  # by kind, those that happened
        self._strikes = []
        self._lock = threading.Lock()
        self._connections = set()
        self._tasks = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fault-proxy", daemon=True)
        self._thread.start()
        self._servers = {}
        self._addresses = {}
        self._run(self._listen(ports))

    def address(self, port: int) -> str:
        """host:port that leads to the port."""
        return self._addresses[port]

    @property
    def redirect_map(self) -> dict:
        """For `starrocks.redirect_map`: redirects name StarRocks' own ports, and lead through here."""
        return {f"127.0.0.1:{port}": address for port, address in self._addresses.items()}

    def add(self, strike: Strike) -> Strike:
        """Waits for a request; one strike hits one request."""
        with self._lock:
            self._strikes.append(strike)
        return strike

    def clear(self) -> None:
        """Forgets the strikes that have not happened."""
        with self._lock:
            self._strikes.clear()

    def cut(self) -> int:
        """Resets every connection; returns how many there were."""
        return self._run(self._cut())

    def hold(self) -> None:
        """Nothing passes from now on, in either direction; connections stay."""
        self._run(self._flow(False))

    def release(self) -> None:
        """Ends `hold`."""
        self._run(self._flow(True))

    def stop(self) -> None:
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10.0)
        self._loop.close()

    def _run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(30.0)

    async def _listen(self, ports):
        self._flowing = asyncio.Event()
        self._flowing.set()
        for port in ports:
            server = await asyncio.start_server(lambda reader, writer, to=port: self._serve(reader, writer, to), "127.0.0.1", 0,
                                                ssl=self._tls)
            self._servers[port] = server
            self._addresses[port] = "127.0.0.1:%d" % server.sockets[0].getsockname()[1]

    async def _cut(self):
        connections = list(self._connections)
        for connection in connections:
            connection.reset()
        if connections:
            self.faults["cut"] += 1
        return len(connections)

    async def _flow(self, flowing):
        if flowing:
            self._flowing.set()
        else:
            self._flowing.clear()
            self.faults["hold"] += 1

    async def _end(self):
        for server in self._servers.values():
            server.close()
        self._flowing.set()
        for connection in list(self._connections):
            connection.reset()
        if self._tasks:
            await asyncio.wait(list(self._tasks), timeout=10.0)

    async def _serve(self, near_reader, near_writer, port):
        self._tasks.add(asyncio.current_task())
        try:
            try:
                far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                _Connection(near_writer, near_writer).reset()
                return
            connection = _Connection(near_writer, far_writer)
            self._connections.add(connection)
            try:
                await asyncio.gather(self._there(connection, near_reader, far_writer, port),
                                     self._back(connection, far_reader, near_writer))
            except (OSError, asyncio.IncompleteReadError):
                connection.reset()
            finally:
                self._connections.discard(connection)
                for writer in connection.writers:
                    writer.close()
        finally:
            self._tasks.discard(asyncio.current_task())

    async def _there(self, connection, reader, writer, port):
        while piece := await reader.read(_PIECE):
            await self._flowing.wait()
            request = _REQUEST.match(piece)
            strike = self._strike(request.group(1), port) if request else None
            if strike is not None:
                if strike.when == "request":
                    self._happen(connection, strike)
                    return
                if strike.when == "delay":
                    self._happen(None, strike)
                    await asyncio.sleep(strike.delay)
                else:
                    connection.strike = strike
                    if strike.when == "body":
                        head = piece.find(b"\r\n\r\n")
                        connection.body_left = (len(piece) if head < 0 else head + 4) + strike.after_bytes
                    else:
                        connection.reply_left = strike.after_bytes
            if connection.body_left is not None:
                writer.write(piece[:connection.body_left])
                connection.body_left -= len(piece)
                if connection.body_left < 0 or (connection.body_left == 0 and strike is None):
                    await writer.drain()
                    self._happen(connection, connection.strike)
                    return
            else:
                writer.write(piece)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()

    async def _back(self, connection, reader, writer):
        while piece := await reader.read(_PIECE):
            await self._flowing.wait()
            left = connection.reply_left
            if left is not None and not piece.startswith(b"HTTP/1.1 100"):
                writer.write(piece[:left])
                await writer.drain()
                self._happen(connection, connection.strike)
                return
            writer.write(piece)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()

    def _strike(self, path, port):
        operation = _operation(path.decode("latin-1"))
        with self._lock:
            for number, strike in enumerate(self._strikes):
                if strike.operation == operation and (not strike.ports or port in strike.ports):
                    return self._strikes.pop(number)
        return None

    def _happen(self, connection, strike):
        strike.struck = True
        self.faults[f"{strike.when} of {strike.operation}"] += 1
        if strike.then is not None:
            strike.then()
        if connection is not None:
            connection.reset()


def _operation(path):
    for pattern, name in _OPERATIONS:
        if match := pattern.search(path):
            return name or match.group(1)
    return "other"
