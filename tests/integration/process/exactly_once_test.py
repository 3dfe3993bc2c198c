"""Exactly-once over real processes and sockets: whatever is killed when, each row is there once.

Two daemons, one StarRocks (rows in SQLite), clients that read files (tests/clients/python/exactly_once.py),
and a proxy between daemons and StarRocks that loses requests and answers. LOADSTAR_KILLS says how many
SIGKILLs (default 30), LOADSTAR_SEED which ones.
"""

import os
import time
import unittest

from loadstar_process import ClusterCase
from loadstar_process.nemesis import Nemesis
from loadstar_process.once import TABLES, percentile
from loadstar_process.world import World, last_line

SEED = int(os.environ.get("LOADSTAR_SEED", "1"))
KILLS = int(os.environ.get("LOADSTAR_KILLS", "30"))
FINISH_WAIT = 300.0


class ExactlyOnceTest(ClusterCase):
    TABLES = TABLES
    maxDiff = None

    def test_kills_stops_and_lost_replies_lose_and_double_nothing(self):
        started = time.monotonic()
        world = World(self)
        nemesis = Nemesis(world, SEED)
        self.assertTrue(world.ledger.wait_checkpoints(3, FINISH_WAIT), "nothing is committed before the first kill")
        while nemesis.kills.total() < KILLS:
            name = nemesis.blow()
            problems = world.ledger.problems_now(world.emulator) + world.problems
            self.assertEqual(problems, [], f"seed {SEED}, after {nemesis.kills.total()} kills, {name}")
        world.finish(FINISH_WAIT)
        rows, lost, doubled, foreign = world.ledger.compare(world.emulator)
        ledger = world.ledger
        print("\n" + last_line({
            "seed": SEED, "seconds": round(time.monotonic() - started, 1), "kills": dict(nemesis.kills),
            "kills_total": nemesis.kills.total(), "others": dict(nemesis.others), "proxy": dict(world.proxy.faults),
            "files": len(ledger.jobs), "rows": rows, "checkpoints": ledger.checkpoints, "lost": lost, "doubled": doubled,
            "foreign": foreign, "lingering": len(world.lingering()),
            "checkpoint_ms_p50": percentile(ledger.checkpoint_ms, 0.5), "checkpoint_ms_p99": percentile(ledger.checkpoint_ms, 0.99),
            "commit_ms_p50": percentile(ledger.commit_ms, 0.5), "commit_ms_p99": percentile(ledger.commit_ms, 0.99),
        }))
        # F007 (client), F083 and F276 (StarRocks stands still), F242 (drain_and_kill), F256 (all at once)
        for blow in ("kill_client", "kill_daemon", "kill_starrocks", "kill_all", "stop_starrocks", "second_instance", "drain",
                     "drain_and_kill"):
            self.assertGreater(nemesis.blows[blow], 0, blow)
        for killed in ("client", "daemon", "starrocks"):
            self.assertGreater(nemesis.kills[killed], 0, killed)
        for other in ("stop starrocks", "drain", "killed in its drain"):
            self.assertGreater(nemesis.others[other], 0, other)
        lost_or_late = {kind: count for kind, count in world.proxy.faults.items() if kind not in ("cut", "hold")}
        self.assertGreater(sum(lost_or_late.values()), 0, "no request was lost, cut or late")
        self.assertEqual((lost, doubled, foreign), (0, 0, 0), f"seed {SEED}\n{world.explain()}")
        self.assertEqual(ledger.unexpected, [], f"seed {SEED}: programs ended with another status than 0")
        self.assertEqual(world.problems, [], f"seed {SEED}")


if __name__ == "__main__":
    unittest.main()
