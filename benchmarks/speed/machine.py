"""Facts about the machine and the software that a measurement needs to mean anything."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

CPU = Path("/sys/devices/system/cpu/cpu0")


def facts(root: Path) -> dict[str, str]:
    """Plain values by name; what this system does not tell is left out."""
    told = {
        "processor": _line("/proc/cpuinfo", "model name") or platform.processor() or platform.machine(),
        "cores": str(os.cpu_count()),
        "caches of a core": caches(CPU / "cache"),
        "memory": _memory(),
        "system": platform.system(),
        "Python": platform.python_version(),
        "torch": version("torch"),
        "numpy": version("numpy"),
        "counterpoint": f"{version('counterpoint')}, commit {_commit(root)}",
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "load before it began": f"{os.getloadavg()[0]:.2f}",
    }
    return {name: value for name, value in told.items() if value}


def caches(folder: Path) -> str:
    """Sizes of the caches that a core sees, for example `L1 48K, L2 1024K, L3 32768K`."""
    found = []
    for cache in sorted(folder.glob("index*")):
        kind, level, size = ((cache / name).read_text().strip() for name in ("type", "level", "size"))
        if kind != "Instruction":
            found.append(f"L{level} {size}")
    return ", ".join(found)


def _line(path: str, name: str) -> str:
    if not Path(path).exists():
        return ""
    lines = (line.partition(":") for line in Path(path).read_text().splitlines())
    return next((value.strip() for key, _, value in lines if key.strip() == name), "")


def _memory() -> str:
    told = _line("/proc/meminfo", "MemTotal")
    return f"{int(told.split()[0]) * 1024 / 1e9:.1f} GB" if told else ""


def _commit(root: Path) -> str:
    def git(*words: str) -> str:
        done = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=False)
        return done.stdout.strip() if done.returncode == 0 else ""

    name = git("rev-parse", "--short", "HEAD") or "unknown"
    return name + (" with changes" if git("status", "--porcelain", "--untracked-files=no") else "")
