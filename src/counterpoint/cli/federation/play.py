"""The demonstration: a link, sites, a run; a site dies and comes back, the link dies, and the run goes on."""

import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import Empty, Queue
from time import monotonic, sleep

from counterpoint.cli.federation.program import Program
from counterpoint.errors import UserError

WAIT = 0.5
LINK_SECONDS = 60.0
ROUND = re.compile(r"counterpoint: round (\d+) of (\d+)")
REFUSED = "Failed to activate"
"""What Flower says at a node that is turned away."""
SAID = re.compile(r"counterpoint: (.*)")


class Play:
    """The demonstration, in a folder that `deploy init` wrote.

    Args:
        folder: of the app.
        sites: how many there are.
        link: host and port.
        ports: of the sites' nodes.
        rounds: of the run, at least 3.
        seconds: after which all of it is given up.
        say: gets what happens, as a line, with the seconds since the start.
    """

    def __init__(
        self,
        folder: Path,
        *,
        sites: int,
        link: str,
        ports: Sequence[int],
        rounds: int,
        seconds: float,
        say: Callable[[float, str], None],
    ) -> None:
        self._folder = folder
        self._count = sites
        self._address = link
        self._rounds = rounds
        self._seconds = seconds
        self._tell = say
        self._lines: Queue[str] = Queue()
        self._round = 0
        logs = folder / "logs"
        logs.mkdir(exist_ok=True)
        environment = {"COUNTERPOINT_ENV": str(Path(sys.executable).parent.parent)}
        self._link = Program(["./link.sh", link.partition(":")[0]], folder, environment, logs / "link.txt")
        self._sites = [
            Program(["./site.sh", str(n)], folder, environment | {"NODE_PORT": str(port)}, logs / f"site-{n}.txt")
            for n, port in enumerate(ports)
        ]
        self._start = Program(["./start.sh"], folder, environment, logs / "run.txt", self._lines.put)
        self._environment = environment

    def run(self) -> bool:
        """Play it; whether all rounds were done. Nothing runs on after it."""
        self._begun = monotonic()
        try:
            return self._play()
        finally:
            for program in (self._start, *self._sites, self._link):
                program.kill()

    def _play(self) -> bool:
        self._script("keys.sh", "server", "localhost", self._address.partition(":")[0])
        everyone = range(self._count)
        for n in everyone:
            self._script("keys.sh", "site", str(n))
        self._say("keys and certificates are made")
        self._link.start()
        self._until_link()
        self._say("the link is there: TLS, and registered keys alone")
        self._refuse_stranger()
        self._script("register.sh", *(f"keys/site-{n}.pub" for n in everyone))
        for site in self._sites[: self._count]:
            site.start()
        self._say(f"{self._count} sites are registered and started")
        victim = 1
        self._start.start()
        if not self._follow(until=1):
            return False
        self._sites[victim].kill()
        self._say(f"site {victim} was killed in round 2 (SIGKILL)")
        if not self._follow(until=2):
            return False
        self._sites[victim].start()
        self._say(f"site {victim} was started again")
        self._link.kill()
        self._start.kill()
        self._say("the link was killed in round 3 (SIGKILL), and the run with it")
        self._link.start()
        self._until_link()
        self._say("the link was started again")
        self._start.start()
        self._say("the run was started again, with the same command")
        return self._follow(until=self._rounds)

    def _follow(self, until: int) -> bool:
        """Say what the run says until a round is done, or the last one and the run has ended; whether it came to it."""
        last = until == self._rounds
        while self._round < until or (last and self._start.runs):
            if monotonic() - self._begun > self._seconds:
                self._say(f"given up after {self._seconds:.0f} s")
                return False
            try:
                line = self._lines.get(timeout=WAIT)
            except Empty:
                if self._round < until and not self._start.runs and self._lines.empty():
                    self._say(f"the run ended after round {self._round}: see {self._folder / 'logs' / 'run.txt'}")
                    return False
                continue
            if found := SAID.search(line):
                self._say(f"    {found[1]}")
            if found := ROUND.search(line):
                self._round = int(found[1])
        return True

    def _refuse_stranger(self) -> None:
        """A site that nobody registered is turned away.

        Raises:
            UserError: it was let in.
        """
        number = self._count
        self._script("keys.sh", "site", str(number))
        stranger = self._sites[number]
        stranger.start()
        deadline = monotonic() + LINK_SECONDS
        while stranger.runs and monotonic() < deadline:
            sleep(WAIT)
        told = (self._folder / "logs" / f"site-{number}.txt").read_text(encoding="utf-8", errors="replace")
        if stranger.runs or REFUSED not in told:
            stranger.kill()
            raise UserError("a node that nobody registered was not turned away: do not use this link")
        self._say(f"a node with a key that nobody registered was turned away (exit status {stranger.status})")

    def _until_link(self) -> None:
        """Wait for the link.

        Raises:
            UserError: it does not come.
        """
        host, _, port = self._address.rpartition(":")
        trusted = ssl.create_default_context(cafile=str(self._folder / "keys" / "ca.crt"))
        deadline = monotonic() + LINK_SECONDS
        while monotonic() < deadline and self._link.runs:
            try:
                with (
                    socket.create_connection((host, int(port)), WAIT) as plain,
                    trusted.wrap_socket(plain, server_hostname=host),
                ):
                    return
            except OSError:
                sleep(WAIT)
        raise UserError(f"the link did not start: see {self._folder / 'logs' / 'link.txt'}")

    def _script(self, name: str, *words: str) -> None:
        """Run one of the app's scripts.

        Raises:
            UserError: it fails.
        """
        done = subprocess.run(
            [f"./{name}", *words],
            cwd=self._folder,
            env={**os.environ, **self._environment},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            told = (done.stderr or done.stdout).strip().splitlines()
            raise UserError(f"{name} {' '.join(words)} failed: {told[-1] if told else 'it does not say why'}")

    def _say(self, what: str) -> None:
        self._tell(monotonic() - self._begun, what)


def tools() -> None:
    """Refuse to begin without the programs that the scripts need.

    Raises:
        UserError: one is not installed.
    """
    for tool, of in (("openssl", "openssl"), ("ssh-keygen", "openssh-client"), ("bash", "bash"), ("ps", "procps")):
        if shutil.which(tool) is None:
            raise UserError(f"the demonstration needs {tool}: install the package {of}")
