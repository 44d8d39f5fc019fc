"""How many clients a stack takes: measured once for each kind of work, and then kept."""

import hashlib
import json
import os
import platform
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import torch

from counterpoint.data.cache import cache_folder
from counterpoint.errors import UserError
from counterpoint.storage import write_atomically

LADDER = (1, 6, 24, 64)
"""Widths that are tried; 1 is the loop, one client at a time in plain autograd."""
NEARLY = 1.08
"""What counts as little more."""
UNMEASURED = 32
"""Clients at once in a program that does not train."""


class Widths:
    """Clients a stack, by kind of work.

    What was measured lies in the user's cache folder, so that a run that is started again on the same machine takes the
    same stacks, and so ends with the same bits. A run's checkpoint has it too.

    Args:
        fixed: the width of all stacks, where the user says so.
        known: what was settled before, by kind of work: of a run that goes on.

    Attributes:
        settled: by kind of work.
        seconds: by kind of work what was measured: seconds a client-step, by width.
    """

    def __init__(self, fixed: int | None = None, known: Mapping[str, int] | None = None) -> None:
        self.fixed = fixed
        self.settled: dict[str, int] = dict(known or {})
        self.seconds: dict[str, dict[int, float]] = {}

    def of(self, kind: str) -> int | None:
        """The width for a kind of work; None where it is still to be measured."""
        if self.fixed is not None:
            return self.fixed
        if kind not in self.settled and (found := _read(kind)) is not None:
            self.settled[kind], self.seconds[kind] = found
        return self.settled.get(kind)

    def settle(self, kind: str, seconds: Mapping[int, float], most: int) -> int:
        """Take the narrowest width whose step costs a client little more than the least, and keep it.

        Clients of unequal sizes fill narrow stacks better than wide ones, and the loop best of all.

        Args:
            kind: of work.
            seconds: a client-step, by width; empty where there was nothing to measure.
            most: clients that fit into memory at once.
        """
        good = [width for width, cost in seconds.items() if cost <= NEARLY * min(seconds.values())]
        best = min(good, default=UNMEASURED)
        self.settled[kind], self.seconds[kind] = _agreed(kind, max(1, min(best, most)), seconds)
        return self.settled[kind]


def bucket(clients: int) -> int:
    """The power of two below a number of clients, at most the last of the ladder: so many are measured for it."""
    return min(LADDER[-1], 1 << (clients.bit_length() - 1))


def candidates(clients: int) -> list[int]:
    """Widths worth trying with so many clients."""
    return sorted({width for width in LADDER if width < clients} | {min(clients, LADDER[-1])})


def kind_of_work(**facts: Any) -> str:
    """A name for work that costs the same on this machine."""
    text = json.dumps({**facts, "machine": _machine()}, sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


@cache
def _machine() -> dict[str, Any]:
    model = ""
    if (info := Path("/proc/cpuinfo")).exists():
        model = next((x for x in info.read_text().splitlines() if x.startswith("model name")), "")
    return {
        "cpu": model or platform.processor(),
        "cores": os.cpu_count(),
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
    }


def _file(kind: str) -> Path | None:
    """Where a width is kept; nowhere, if there is no home folder."""
    try:
        return cache_folder() / "stacks" / f"{kind}.json"
    except UserError:
        return None


def _read(kind: str) -> tuple[int, dict[int, float]] | None:
    if (file := _file(kind)) is None:
        return None
    try:
        found = json.loads(file.read_text())
        width, seconds = found["width"], found["seconds a client-step"]
        return (width, {int(w): float(s) for w, s in seconds.items()}) if int(width) > 0 else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _agreed(kind: str, width: int, seconds: Mapping[int, float]) -> tuple[int, dict[int, float]]:
    """Keep a width; where another process was quicker, take its own. A cache that cannot be written is done without."""
    own = width, dict(seconds)
    if (file := _file(kind)) is None:
        return own
    fresh = file.with_suffix(f".{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(fresh, json.dumps({"width": width, "seconds a client-step": seconds}).encode())
        try:
            os.link(fresh, file)
        except FileExistsError:
            if (theirs := _read(kind)) is not None:
                return theirs
            fresh.replace(file)
        finally:
            fresh.unlink(missing_ok=True)
    except OSError:
        return own
    return own
