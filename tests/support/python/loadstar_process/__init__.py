"""Starts the real programs for tests and for the quick start: starrocks-emulator and loadstar.

Everything listens on loopback, on ports that the system chooses, and ends with the object that
started it.
"""

from loadstar_process.case import WAIT, ClusterCase
from loadstar_process.daemon import Daemon
from loadstar_process.emulator import Emulator
from loadstar_process.process import Process, ProcessError
from loadstar_process.proxy import FaultProxy, Strike

__all__ = ["ClusterCase", "Daemon", "Emulator", "FaultProxy", "Process", "ProcessError", "Strike", "WAIT"]
