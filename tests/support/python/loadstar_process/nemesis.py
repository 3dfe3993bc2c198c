"""What happens to the processes: kills, stops, drains and cut connections, drawn from a seed."""

import collections
import random
import signal
import threading

from loadstar_process.proxy import Strike

_EVENT_WAIT = 3.0
_EXIT_WAIT = 60.0
_OPERATIONS = ("begin", "load", "prepare", "commit", "rollback", "state")


class Nemesis:
    """Strikes at a running World, one blow after the other; each is over when it returns.

    A blow waits for something to happen first (commits, a request that passes the proxy), so that it
    hits work and not pauses. Everything that was stopped runs again afterwards.
    """

    def __init__(self, world, seed):
        self._world = world
        self._random = random.Random(seed)
        self.kills = collections.Counter()  # SIGKILL, by what was killed
        self.others = collections.Counter()  # stops, drains, second instances
        self.blows = collections.Counter()
        # More often what is more interesting.
        self._blows = [
            self.kill_client, self.kill_client, self.kill_daemon, self.kill_daemon, self.kill_daemon_at_request,
            self.kill_daemon_at_request, self.kill_starrocks, self.kill_starrocks_at_request, self.kill_all,
            self.stop_client, self.stop_daemon, self.stop_starrocks, self.drain, self.drain_and_kill, self.second_instance,
            self.cut, self.hold, self.strike, self.strike, self.strike,
        ]
        self._next = list(dict.fromkeys(self._blows))  # first each of them once
        self._random.shuffle(self._next)

    def blow(self) -> str:
        """One blow; returns its name."""
        self._world.ledger.wait_checkpoints(self._random.randint(0, 3), _EVENT_WAIT)
        blow = self._next.pop() if self._next else self._random.choice(self._blows)
        blow()
        self.blows[blow.__name__] += 1
        return blow.__name__

    def kill_client(self):
        client = self._client()
        if client is not None and (process := client.process) is not None:
            process.kill()
            self.kills["client"] += 1

    def kill_daemon(self):
        self._kill_daemon(self._daemon())

    def kill_daemon_at_request(self):
        """SIGKILL in the moment in which a request to StarRocks, or its answer, is on its way."""
        daemon = self._daemon()
        if self._strike(then=lambda: daemon.process.send(signal.SIGKILL)):
            self._kill_daemon(daemon)

    def kill_starrocks(self):
        self._world.emulator.process.kill()
        self.kills["starrocks"] += 1
        self._pause()
        self._world.emulator.start()

    def kill_starrocks_at_request(self):
        process = self._world.emulator.process
        if self._strike(then=lambda: process.send(signal.SIGKILL)):
            process.wait(_EXIT_WAIT)
            self.kills["starrocks"] += 1
            self._world.emulator.start()

    def kill_all(self):
        """A client, a daemon and StarRocks in the same moment."""
        self.kill_client()
        daemon = self._daemon()
        daemon.process.kill()
        self._world.emulator.process.kill()
        self.kills["daemon"] += 1
        self.kills["starrocks"] += 1
        self._world.emulator.start()
        daemon.start()

    def stop_client(self):
        client = self._client()
        self._stop("client", client and client.process, self._random.uniform(0.1, 1.5))

    def stop_daemon(self):
        # Sometimes longer than the clients wait, so that they go on elsewhere before it wakes.
        self._stop("daemon", self._daemon().process, self._random.choice((0.3, 1.0, self._world.patience + 1.0)))

    def stop_starrocks(self):
        self._stop("starrocks", self._world.emulator.process, self._random.uniform(0.1, 2.0))

    def drain(self):
        """SIGTERM: the daemon goes when its clients have gone, and says that nothing is missing."""
        daemon = self._daemon()
        daemon.terminate()
        status = daemon.process.wait(_EXIT_WAIT)
        self.others["drain"] += 1
        if status != 0:
            end = "\n".join(daemon.process.lines[-20:])
            self._world.problems.append(f"exit status {status} after SIGTERM; the end of its log:\n{end}")
        daemon.start()

    def drain_and_kill(self):
        """SIGTERM, and SIGKILL before it has gone."""
        daemon = self._daemon()
        daemon.terminate()
        self._pause()
        if not daemon.process.running:  # the drain was quicker
            daemon.start()
            daemon.terminate()
        if daemon.process.running:
            self.others["killed in its drain"] += 1
        self._kill_daemon(daemon)

    def second_instance(self):
        """A client that stands still is replaced, and wakes up beside its successor."""
        client = self._client()
        process = client and client.process
        if process is None:
            return
        process.send(signal.SIGSTOP)
        self._world.ledger.allow_exit(client.job)
        second = client.start_another()
        self._world.ledger.wait_checkpoints(3, _EVENT_WAIT)
        process.send(signal.SIGCONT)
        self._pause()
        second.kill()
        self.kills["client"] += 1
        self.others["second instance"] += 1

    def cut(self):
        self._world.proxy.cut()

    def hold(self):
        self._world.proxy.hold()
        self._pause()
        self._world.proxy.release()

    def strike(self):
        self._strike()

    def _strike(self, then=None):
        """One fault at the next request of a kind. True if one came by in time."""
        proxy, happened = self._world.proxy, threading.Event()

        def struck():
            if then is not None:
                then()
            happened.set()

        operation = self._random.choice(_OPERATIONS)
        when = self._random.choice(("request", "reply", "delay", "body" if operation == "load" else "reply"))
        proxy.add(Strike(operation, when, self._random.choice((0, 1, 40, 3000)), self._random.uniform(0.05, 1.0),
                         self._world.backends if operation == "load" else (), struck))
        happened.wait(_EVENT_WAIT)
        proxy.clear()
        return happened.is_set()  # also if it came between the two

    def _kill_daemon(self, daemon):
        daemon.process.kill()
        self.kills["daemon"] += 1
        if self._random.random() < 0.5:
            self._pause()
        daemon.start()

    def _stop(self, name, process, seconds):
        if process is None or not process.running:
            return
        process.send(signal.SIGSTOP)
        self.others[f"stop {name}"] += 1
        threading.Event().wait(seconds)  # the time is the fault
        process.send(signal.SIGCONT)

    def _pause(self):
        threading.Event().wait(self._random.uniform(0.05, 1.0))

    def _client(self):
        running = [client for client in self._world.clients if client.process is not None]
        return self._random.choice(running) if running else None

    def _daemon(self):
        return self._random.choice(self._world.daemons)
