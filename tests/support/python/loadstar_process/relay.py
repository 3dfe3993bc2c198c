"""Bytes between a client and the daemon, which a test stops, lets drip, or cuts."""

import contextlib
import socket
import struct
import threading


class Relay:
    """Listens on a port of its own and passes everything to `address`, until it is told otherwise."""

    def __init__(self, address):
        host, port = address.rsplit(":", 1)
        self._far = (host, int(port))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets = []
        self._changed = threading.Condition()
        self._silent = False
        self._pause = 0.0
        self._left = None
        self.cut = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def target(self) -> str:
        return f"127.0.0.1:{self._listener.getsockname()[1]}"

    def fall_silent(self) -> None:
        """Nothing passes any more, and no end of a connection: as after a pulled cable."""
        self._silent = True

    def drip(self, seconds) -> None:
        """From now on the client's bytes pass one by one, so long after each other."""
        self._pause = seconds

    def cut_after(self, count) -> None:
        """So many more bytes of the client pass; then both sides see a reset."""
        self._left = count

    def stop(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for end in self._sockets:
            end.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(self._far)
                self._sockets += [near, far]
                threading.Thread(target=self._pass, args=(near, far, True), daemon=True).start()
                threading.Thread(target=self._pass, args=(far, near, False), daemon=True).start()

    def _pass(self, source, sink, of_client):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if self._silent:
                    continue
                if of_client and self._left is not None:
                    data, self._left = data[:self._left], self._left - len(data)
                for piece in [data[at:at + 1] for at in range(len(data))] if of_client and self._pause else [data]:
                    if of_client and self._pause:
                        threading.Event().wait(self._pause)
                    sink.sendall(piece)
                if of_client and self._left is not None and self._left <= 0:
                    for end in (source, sink):
                        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                        end.close()
                    self.cut.set()
                    return
            if not self._silent:
                sink.shutdown(socket.SHUT_WR)
