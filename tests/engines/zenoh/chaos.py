"""A small network of real devices, each a forked process, whose links go through wires that can be cut and slowed."""

import os
import select
import signal
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from counterpoint.engines.zenoh.settings import LineSettings

HANGS = 150.0
"""Seconds after which a schedule counts as hanging."""


class Wires:
    """A process that forwards connections between pairs of devices.

    Args:
        ports: (from, to) -> the port at which the wire begins.
        ends: of each device, the port at which it listens.
    """

    def __init__(self, ports: dict[tuple[int, int], int], ends: list[int]) -> None:
        self._talk, theirs = socket.socketpair()
        self.pid = os.fork()
        if self.pid == 0:
            self._talk.close()
            try:
                _Forwarding(ports, ends, theirs).run()
            finally:
                os._exit(0)
        theirs.close()

    def cut(self, apart: tuple[set[int], set[int]]) -> None:
        """Nothing goes between two groups any more."""
        a, b = ("".join(map(str, sorted(group))) for group in apart)
        self._talk.sendall(f"cut {a} {b}\n".encode())

    def heal(self) -> None:
        """All wires are whole and quick."""
        self._talk.sendall(b"heal - -\n")

    def slow(self, device: int) -> None:
        """All that goes to and from a device takes its time."""
        self._talk.sendall(f"slow {device} -\n".encode())

    def end(self) -> None:
        """No wires."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        self._talk.close()


class _Forwarding:
    """Inside the process of the wires."""

    def __init__(self, ports: dict[tuple[int, int], int], ends: list[int], orders: socket.socket) -> None:
        self._ends = ends
        self._orders = orders
        self._apart: set[frozenset[int]] = set()
        self._slow: set[int] = set()
        self._open: list[tuple[frozenset[int], socket.socket]] = []
        self._listening = {}
        for pair, port in ports.items():
            listener = socket.create_server(("127.0.0.1", port))
            self._listening[listener] = pair

    def run(self) -> None:
        while True:
            ready, _, _ = select.select([self._orders, *self._listening], [], [])
            for one in ready:
                if one is self._orders:
                    data = one.recv(4096)
                    if not data:
                        return
                    for line in data.decode().splitlines():
                        self._order(*line.split())
                else:
                    self._wire(*self._listening[one], one.accept()[0])

    def _order(self, what: str, a: str, b: str) -> None:
        if what == "heal":
            self._apart, self._slow = set(), set()
        elif what == "slow":
            self._slow = {int(a)}
        else:
            self._apart = {frozenset({int(x), int(y)}) for x in a for y in b}
            for pair, connection in self._open:
                if pair in self._apart:
                    with suppress(OSError):
                        connection.shutdown(socket.SHUT_RDWR)

    def _wire(self, a: int, b: int, near: socket.socket) -> None:
        pair = frozenset({a, b})
        try:
            if pair in self._apart:
                raise OSError
            far = socket.create_connection(("127.0.0.1", self._ends[b]), timeout=2)
            far.settimeout(None)
        except OSError:
            near.close()
            return
        self._open = [(p, c) for p, c in self._open if c.fileno() >= 0]
        self._open += [(pair, near), (pair, far)]
        for source, sink in ((near, far), (far, near)):
            threading.Thread(target=self._pump, args=(pair, source, sink), daemon=True).start()

    def _pump(self, pair: frozenset[int], source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                if pair & self._slow:
                    time.sleep(0.15)
                sink.sendall(data)
        except OSError:
            pass
        for one in (source, sink):
            one.close()


class Device:
    """A device: a process that is forked from this one, so that it starts at once.

    Args:
        number: of the device.
        live: what it does; its state is on a disk.
    """

    def __init__(self, number: int, live: Callable[[int], None]) -> None:
        self.number = number
        self._live = live
        self.pid = 0
        self.status: int | None = None

    def start(self) -> None:
        self.status = None
        self.pid = os.fork()
        if self.pid == 0:
            status = 1
            try:
                self._live(self.number)
                status = 0
            except BaseException:
                import traceback

                traceback.print_exc()
            finally:
                os._exit(status)

    def poll(self) -> int | None:
        if self.status is None and self.pid:
            done, status = os.waitpid(self.pid, os.WNOHANG)
            self.status = os.waitstatus_to_exitcode(status) if done else None
        return self.status

    def signal(self, what: signal.Signals) -> None:
        if self.poll() is None:
            os.kill(self.pid, what)

    def end(self) -> None:
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGKILL)
        while self.pid and self.poll() is None:
            time.sleep(0.01)


def line_settings(
    me: int, devices: int, ports: dict[tuple[int, int], int], ends: list[int], **changes: Any
) -> LineSettings:
    """Of a device whose neighbours are at the ends of wires."""
    peers = {
        n: {"endpoint": f"tls/127.0.0.1:{ports[me, n]}" if n != me else None, "name": f"peer-{n}"}
        for n in range(devices)
    }
    told = {"id": me, "run": "chaos", "peers": peers, "listen": [f"tls/127.0.0.1:{ends[me]}"], **changes}
    return LineSettings(**told)


def wait(what: Callable[[], bool], until: float) -> bool:
    """Whether it comes true in time."""
    while not what():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def rounds_of(folder: Path) -> int:
    """How many rounds a device has told of."""
    try:
        return int((folder / "round").read_text() or 0)
    except (OSError, ValueError):
        return 0
