"""The fault proxy itself, between an at-least-once daemon and StarRocks: what it does to requests shows in rows."""

import threading
import unittest

from loadstar_process import WAIT, ClusterCase, FaultProxy, Strike
from rows import TABLES, doubled, missing, write


class ProxyTest(ClusterCase):
    TABLES = TABLES

    def setUp(self):
        super().setUp()
        self.emulator = self.start_emulator()
        ports = self.emulator.ports
        self.backends = tuple(ports["be"])
        self.proxy = FaultProxy([ports["fe"], *self.backends])
        self.addCleanup(self.proxy.stop)
        self.daemon = self.start_daemon_behind({"defaults": {"protocol": "transaction"}})
        self.client = self.connect(self.daemon)

    def start_daemon_behind(self, configuration):
        starrocks = {"redirect_map": self.proxy.redirect_map, "circuit_breaker": {"open_for": "100ms"}}
        address = self.proxy.address(self.emulator.ports["fe"])
        return self.new_daemon([f"http://{address}"], {**configuration, "starrocks": starrocks}).start()

    def assert_once(self, name, batches):
        self.assertEqual(missing(self.emulator, name, batches), [])
        self.assertEqual(doubled(self.emulator), set())

    def test_everything_leads_through_it(self):
        with self.client.writer("test", "a") as writer:
            write(writer, "a", 1)
        self.assert_once("a", 1)
        for target, address in self.proxy.redirect_map.items():
            self.assertNotEqual(target, address)
        self.proxy.hold()
        writer = self.client.writer("test", "a")
        write(writer, "a", 2)
        with self.assertRaises(TimeoutError):
            writer.wait_committed(timeout=0.5)
        self.proxy.release()
        writer.close(WAIT)
        self.assert_once("a", 2)

    def test_each_way_to_strike(self):
        for number, (operation, when, ports) in enumerate((
            ("begin", "request", ()), ("load", "body", self.backends), ("load", "reply", self.backends), ("load", "delay", ()),
            ("prepare", "reply", ()), ("prepare", "request", ()), ("commit", "reply", ()), ("commit", "request", ()),
        )):
            with self.subTest(operation=operation, when=when):
                name, happened = f"w{number}", threading.Event()
                strike = self.proxy.add(Strike(operation, when, 3, 0.05, ports, happened.set))
                with self.client.writer("test", name) as writer:
                    for batch in range(1, 4):
                        write(writer, name, batch)
                self.assertTrue(happened.is_set() and strike.struck)
                self.assert_once(name, 3)
        self.assertEqual(self.proxy.faults.total(), 8)

    def test_cut_connections_are_made_anew(self):
        writer = self.client.writer("test", "a")
        for batch in range(1, 6):
            write(writer, "a", batch)
            writer.wait_committed(timeout=WAIT)
            self.assertGreater(self.proxy.cut(), 0)
        writer.close(WAIT)
        self.assert_once("a", 5)


if __name__ == "__main__":
    unittest.main()
