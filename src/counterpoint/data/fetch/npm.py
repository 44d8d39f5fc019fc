"""Tarballs from the npm registry, through npm."""

from pathlib import Path

from counterpoint.data.fetch.client import run
from counterpoint.data.fetch.pin import Pin, failed, no_client

NPM_PACK = [
    *("npm", "pack", "--ignore-scripts"),
    *("--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--fetch-timeout=60000"),
    "--loglevel=error",
]
PREFIXES = ("npm error", "npm ERR!")
"""Of a line of npm's complaint; the second in npm 9 and older."""
CODES = ("code ", "syscall ", "errno ")


def npm_download(pin: Pin, folder: Path) -> Path:
    """Let npm put the tarball into a folder; nothing of it is run.

    Raises:
        UserError: there is no npm, or it failed.
    """
    try:
        npm = run([*NPM_PACK, pin.requirement, "--pack-destination", str(folder)], folder)
    except OSError as error:
        raise no_client(pin, "there is no npm", "install Node.js, which brings npm (`apt-get install npm`)") from error
    arrived = folder / pin.filename
    if npm.returncode == 0 and arrived.exists():
        return arrived
    raise failed(pin, _reason(npm.stderr) or f"npm ended with {npm.returncode}")


def _reason(said: str) -> str:
    """The first line that is a sentence: codes come before it, advice and traces after it."""
    for line in said.splitlines():
        for prefix in PREFIXES:
            line = line.removeprefix(prefix)  # noqa: PLW2901
        text = line.strip()
        if text and not text.startswith(CODES):
            kind, _, rest = text.partition(" ")
            return (rest if kind in {"404", "network", "notarget"} else text).rstrip(".")
    return ""
