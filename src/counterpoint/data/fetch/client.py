"""Running a registry's client."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

Outcome = subprocess.CompletedProcess[str]


def run(command: Sequence[str], folder: Path | None = None) -> Outcome:
    """Run a command, silent on the terminal, and return what it said, in English.

    Args:
        command: with its arguments.
        folder: to run it in.

    Raises:
        OSError: there is no such command, or it cannot be started.
    """
    return subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "LC_ALL": "C.UTF-8", "LANGUAGE": "C"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
