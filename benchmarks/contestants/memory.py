"""How much memory this process and those that it started have held at most."""

import resource
from pathlib import Path


def peak() -> float:
    """Megabytes: the largest resident set so far, this process's plus those of its running children.

    `ru_maxrss` alone would be wrong: a new process starts with that of the one that started it.
    """
    tasks = Path("/proc/self/task")
    if not tasks.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    children = {pid for task in tasks.iterdir() for pid in (task / "children").read_text().split()}
    return sum(map(_high_water, ["self", *children]))


def _high_water(pid: str) -> float:
    lines = Path("/proc", pid, "status").read_text().splitlines()
    return sum(int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith("VmHWM"))
