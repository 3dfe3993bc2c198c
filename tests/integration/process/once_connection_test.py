"""Exactly-once when the connection of a client breaks, hangs or crawls: the writer is held, and nothing is half received."""

import time
import unittest

import loadstar_client
from loadstar_process import WAIT
from loadstar_process.once_case import CONFIGURATION, OnceCase
from loadstar_process.raw_once import commit
from loadstar_process.relay import Relay

KEEPALIVE, IDLE = 1, 2  # seconds


class ConnectionCase(OnceCase):
    def setUp(self):
        super().setUp()
        self.relay = Relay(self.daemon.target)
        self.addCleanup(self.relay.stop)
        self.far = loadstar_client.connect(self.relay.target)
        self.addCleanup(self.far.close)
        self.assertTrue(self.far.wait_ready(WAIT))

    def streams_ended(self, name):
        return [line for line in self.daemon.process.lines if '"stream ended"' in line and f'"writer":"{name}"' in line]

    def wait_ended(self, name, seconds):
        started = time.monotonic()
        self.wait_until(lambda: self.streams_ended(name))
        self.assertLess(time.monotonic() - started, seconds)

    def go_on(self, name, received):
        """Directly: the writer is held, and has received so many batches; another one is sent, and all committed."""
        stream = self.raw(name, reattach=True)
        self.assertEqual((stream.opened.attached, stream.opened.next_sequence), (True, received + 1))
        stream.write(1, [received])
        commit(self.client, stream.checkpoint(1).resume_token)
        self.assertEqual(self.lines(name), {line: 1 for line in range(received + 1)})


class DeadConnectionTest(ConnectionCase):
    CONFIGURATION = {**CONFIGURATION, "listen": {"keepalive": {"time": f"{KEEPALIVE}s", "timeout": f"{KEEPALIVE}s"}}}

    # F008: half-open: the client is gone, and no packet says so.
    def test_a_connection_that_is_dead_is_noticed(self):
        stream = self.raw("a", client=self.far)
        stream.write(1, [0])
        stream.wait_received()
        self.relay.fall_silent()
        self.wait_ended("a", 2 * KEEPALIVE + 5)
        self.go_on("a", 1)

    # F006: a reset in the middle of a message.
    def test_a_message_that_is_cut_is_not_received(self):
        stream = self.raw("a", client=self.far)
        stream.write(1, [0])
        stream.wait_received()
        self.relay.cut_after(20_000)
        stream.write(1, range(1, 1000))  # about 50 KB
        self.assertTrue(self.relay.cut.wait(WAIT))
        self.wait_ended("a", 5)
        self.go_on("a", 1)


class SlowConnectionTest(ConnectionCase):
    CONFIGURATION = {**CONFIGURATION, "limits": {"idle_stream_timeout": f"{IDLE}s"}}

    # F010: a message that comes byte by byte; another stream does not notice.
    def test_a_message_that_drips_is_not_waited_for(self):
        stream = self.raw("a", client=self.far)
        stream.write(1, [0])
        stream.wait_received()
        self.relay.drip(0.1)
        stream.write(1, range(1, 1000))
        self.load("b", 3)
        self.assert_once("b", 3)
        self.wait_ended("a", IDLE + 5)
        self.go_on("a", 1)


if __name__ == "__main__":
    unittest.main()
