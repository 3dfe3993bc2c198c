"""Exactly-once when the daemon is killed, stopped or drained at a chosen request."""

import concurrent.futures
import signal
import time
import unittest

from loadstar_client import LoadstarError, StartOver
from loadstar_process import WAIT, FaultProxy, Strike
from loadstar_process.once import percentile
from loadstar_process.once_case import OnceCase
from loadstar_process.raw_once import commit
from loadstar_process.world import last_line

ROUNDS = 10
DRAIN = 4  # seconds
SHUTDOWN = {"grace": f"{DRAIN + 2}s", "margin": "2s", "deadline": f"{DRAIN}s"}


class DaemonIsLostTest(OnceCase):
    """The daemon reaches StarRocks through a proxy, which knows the moment of each request."""

    def setUp(self):
        super().setUp()
        ports = self.emulator.ports
        self.proxy = FaultProxy([ports["fe"], *ports["be"]])
        self.addCleanup(self.proxy.stop)
        self.pool = concurrent.futures.ThreadPoolExecutor(1)
        self.addCleanup(self.pool.shutdown)
        starrocks = {**self.CONFIGURATION["starrocks"], "redirect_map": self.proxy.redirect_map}
        self.daemon = self.new_daemon([f"http://{self.proxy.address(ports['fe'])}"], {**self.CONFIGURATION, "starrocks": starrocks, "shutdown": SHUTDOWN})
        self.daemon.start()
        self.client = self.connect(self.daemon)

    def kill_at(self, operation, when):
        """SIGKILL in the moment of the next such request; a new daemon as soon as it is gone.

        Returns what to call afterwards: it waits for the new daemon, and fails the test if the old one was not killed.
        """
        process, restarts = self.daemon.process, []

        def die():
            process.send(signal.SIGKILL)
            restarts.append(self.pool.submit(start_again))

        def start_again():
            status = process.wait(WAIT)
            self.daemon.start()
            return status

        def confirm():
            self.assertEqual([restart.result(WAIT) for restart in restarts], [-signal.SIGKILL], f"killed at {operation}, {when}")

        backends = tuple(self.emulator.ports["be"]) if when == "body" else ()
        self.proxy.add(Strike(operation, when, after_bytes=20 if when == "body" else 0, ports=backends, then=die))
        return confirm

    # F021, F055, F056, F085, F122, F123, F150, F182: the epoch is over, and the rows are read again.
    def test_the_daemon_is_killed_at_every_request(self):
        moments = [(operation, when) for operation in ("begin", "load", "prepare", "commit") for when in ("request", "reply")]
        for operation, when in [*moments, ("load", "body")]:
            with self.subTest(operation=operation, when=when):
                name, killed = self.new_name(), []

                def kill(number, operation=operation, when=when, killed=killed):
                    if number == 1 and not killed:
                        killed.append(self.kill_at(operation, when))

                started = time.monotonic()
                self.load(name, 3, kill)
                print(operation, when, time.monotonic() - started)
                killed[0]()
                self.assert_once(name, 3)

    # F198: killed while it rolls back what the last epoch left behind.
    def test_the_daemon_is_killed_at_a_rollback(self):
        self.prepare("a")
        killed = self.kill_at("rollback", "reply")
        self.load("a", 1)  # epoch 1 of the record was used by prepare()
        killed()
        self.assert_once("a", 1)

    # F203: killed during recovery again and again; it converges.
    def test_the_daemon_is_killed_during_recovery_five_times(self):
        name = "a"
        with self.open(name) as writer:
            self.write_checkpoint(writer, name, 0)
            writer.checkpoint(1)
        for _ in range(5):
            killed = self.kill_at("state", "reply")
            with self.assertRaises(StartOver):
                self.open(name)
            killed()
        self.load(name, 3)
        self.assert_once(name, 3)

    # F201: StarRocks is not there when the daemon starts, and comes while a client waits.
    def test_the_daemon_starts_before_starrocks(self):
        self.load("a", 1)
        self.emulator.stop()
        self.restart_daemon()
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            loading = pool.submit(self.load, "a", 3)
            with self.assertRaises(concurrent.futures.TimeoutError):
                loading.result(1.0)
            self.assertEqual([self.daemon.get(path)[0] for path in ("/livez", "/readyz")], [200, 200])
            self.emulator.start()
            loading.result(WAIT)
        self.assert_once("a", 3)

    # F200: nothing to do at start; and how soon after it the first checkpoint of a waiting client is committed.
    def test_a_restart_without_work_is_quick(self):
        ready, committed = [], []
        for number in range(ROUNDS):
            self.daemon.process.kill()
            started = time.monotonic()
            self.daemon.start()
            ready.append(time.monotonic() - started)
            self.assertTrue(self.client.wait_ready(WAIT))
            self.load("a", number + 1)
            committed.append(time.monotonic() - started)
        self.assert_once("a", ROUNDS)
        print("\n" + last_line({
            "rounds": ROUNDS, "ready_s_p50": round(percentile(ready, 0.5), 3), "ready_s_max": round(max(ready), 3),
            "first_commit_s_p50": round(percentile(committed, 0.5), 3), "first_commit_s_max": round(max(committed), 3)}))
        self.assertLess(percentile(ready, 0.5), 2)
        self.assertLess(percentile(committed, 0.5), 5)

    # F243, F277: SIGTERM while a part is prepared or a token committed; both are finished, and the exit status is 0.
    def test_sigterm_in_the_middle_of_a_phase(self):
        for operation in ("prepare", "commit"):
            with self.subTest(operation=operation):
                name, process = self.new_name(), self.daemon.process
                stream = self.raw(name)
                stream.write(1, [0])
                if operation == "commit":
                    token = stream.checkpoint(1).resume_token
                self.proxy.add(Strike(operation, "delay", delay=0.5, then=lambda process=process: process.send(signal.SIGTERM)))
                if operation == "prepare":
                    token = stream.checkpoint(1).resume_token
                else:
                    commit(self.client, token)
                stream.break_off()
                self.assertEqual(process.wait(WAIT), 0)
                self.daemon.start()
                self.assertTrue(self.client.wait_ready(WAIT))
                commit(self.client, token)
                self.assertEqual(self.lines(name), {0: 1})

    # A Commit that cannot get through has the time of the drain and no more: Kubernetes would kill the daemon. Its client
    # is told, and commits elsewhere.
    def test_sigterm_while_a_commit_hangs(self):
        stream, answer = self.prepare("a")
        stream.break_off()
        process = self.daemon.process
        self.proxy.add(Strike("commit", "delay", delay=3 * DRAIN, then=lambda: process.send(signal.SIGTERM)))
        with self.assertRaises(LoadstarError) as raised:
            commit(self.client, answer.resume_token)
        self.assertEqual(raised.exception.reason, "DRAINING", raised.exception)
        self.assertEqual(process.wait(2 * DRAIN), 0)
        self.daemon.start()
        self.assertTrue(self.client.wait_ready(WAIT))
        commit(self.client, answer.resume_token)
        self.assertEqual(self.lines("a"), {0: 1})

    # F241: told, its unprepared rows rolled back, its prepared ones kept; exit status 0.
    def test_sigterm_neither_prepares_nor_commits(self):
        stream, answer = self.prepare("a")
        stream.write(2, [1])
        stream.wait_received()
        self.daemon.terminate()
        error = stream.wait_error()
        self.assertEqual(error.reason, "DRAINING", error)
        self.assertEqual(self.daemon.process.wait(WAIT), 0)
        states = {entry["label"].split("-")[4]: entry["state"] for entry in self.emulator.transactions()}
        self.assertEqual((states["1"], states.get("2", "ABORTED")), ("PREPARED", "ABORTED"))
        self.daemon.start()
        self.assertTrue(self.client.wait_ready(WAIT))
        commit(self.client, answer.resume_token)
        self.assertEqual(self.lines("a"), {0: 1})

    # F183, F276: the daemon stands still, and StarRocks' times pass meanwhile: between load and prepare the part is
    # driven again, between prepare and commit it is lost and said so.
    def test_the_daemon_stands_still_while_transactions_time_out(self):
        stream = self.raw("a")
        stream.write(1, [0])
        self.wait_until(lambda: any(entry["server"].startswith("be") for entry in self.requests_of("a", "load")))
        self.stand_still_for(2 * 3600)
        answer = stream.checkpoint(1)
        self.assertEqual([load.label[-2:] for load in answer.loads], ["-1"])
        self.stand_still_for(25 * 3600)
        for _ in range(2):
            self.refused("CHECKPOINT_LOST", commit, self.client, answer.resume_token)
        self.assertEqual(self.lines("a"), {})

    def stand_still_for(self, seconds):
        """By StarRocks' clock."""
        self.daemon.process.send(signal.SIGSTOP)
        self.addCleanup(self.daemon.process.send, signal.SIGCONT)
        self.emulator.advance(seconds)
        self.daemon.process.send(signal.SIGCONT)

    # F020, F244: the daemon stands still for longer than its client waits, and wakes up beside the next one.
    def test_the_daemon_stands_still(self):
        with self.assertRaises(StartOver), self.open("a", retry_for=2, call_timeout=1, open_timeout=1) as writer:
            self.write_checkpoint(writer, "a", 0)
            writer.wait_received()
            self.daemon.process.send(signal.SIGSTOP)
            self.addCleanup(self.daemon.process.send, signal.SIGCONT)
            writer.checkpoint(1)
            writer.flush()
        self.client = self.connect(self.start_daemon(self.emulator, self.CONFIGURATION))
        self.load("a", 2)
        self.daemon.process.send(signal.SIGCONT)
        self.load("a", 3)
        self.assert_once("a", 3)


if __name__ == "__main__":
    unittest.main()
