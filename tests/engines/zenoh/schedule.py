"""One random schedule of deaths, returns, hangs, cut and slow wires: `schedule.py SEED FOLDER KEYS`.

It forks devices, so no Zenoh session may have been open in it before.
"""

import importlib.util
import random
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from counterpoint.cli.demo.files import free_ports
from counterpoint.engines.zenoh.engine import OverAir
from counterpoint.engines.zenoh.line import Line
from counterpoint.methods import METHODS, TrainSettings
from counterpoint.objectives import cross_entropy
from counterpoint.runs import RunConfig, RunFolder, Watcher, read_metrics
from counterpoint.runs.checkpoint import load_checkpoint
from counterpoint.runs.config import DataSettings
from counterpoint.runs.run import Run
from counterpoint.simulate.network import NetworkSettings

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
from chaos import HANGS, Device, Wires, line_settings, rounds_of, wait  # noqa: E402

Make = Callable[..., Any]
DEVICES, ROUNDS = 4, 12


class Telling(Watcher):
    """Writes down which round is done, for the test to see."""

    def __init__(self, folder: Path, pause: float) -> None:
        self._folder, self._pause = folder, pause

    def round_done(self, number: int, latest: Any, refused: Any) -> None:
        (self._folder / "round.new").write_text(str(number))
        (self._folder / "round.new").rename(self._folder / "round")
        time.sleep(self._pause)


def play(
    seed: int, folder: Path, keys: Path, make_population: Make, make_model: Make
) -> tuple[list[str], float, Any, Any]:
    """One random schedule; what happened, how long it took, and who learned what."""
    rng = random.Random(seed)
    method = METHODS[rng.choice(["d-psgd", "dmml-kd", "gradient-tracking"])]
    people = make_population([14, 10, 12, 16], missing=rng.choice(["none", "client"]))
    config = RunConfig(method=method.name, data=DataSettings(name="made up"), rounds=ROUNDS)
    pairs = [(a, b) for a in range(DEVICES) for b in range(DEVICES) if a != b]
    found = free_ports(DEVICES + len(pairs), range(21000 + 100 * seed, 21100 + 100 * seed))  # of its own
    ends, wired = found[:DEVICES], found[DEVICES:]
    ports = dict(zip(pairs, wired, strict=True))
    model = make_model(people, method=method())

    def live(me: int) -> None:
        torch.set_num_threads(1)
        own = replace(people, clients=(people.clients[me],), test=people.test.rows(torch.arange(0)))
        settings = line_settings(me, DEVICES, ports, ends, deadline=0.8, patience=3.0, tls=files(keys, me))
        home = RunFolder(folder / str(me))
        known = home.config.exists()
        home = RunFolder.open(home.path) if known else RunFolder.create(home.path, config)
        with Line(settings) as line:
            engine = OverAir(
                own,
                method(),
                model,
                TrainSettings(epochs=1, batch_size=4, lr=0.2),
                rounds=ROUNDS,
                line=line,
                roster={client.id: client.modalities for client in people.clients},
                patience=1.0,
                network=NetworkSettings(topology="complete"),
            )
            work = Run(config, home, engine, Telling(home.path, 0.05))
            work.restore() if known else work.start()
            work.go()

    devices = [Device(n, live) for n in range(DEVICES)]
    wires = Wires(ports, ends)
    begun = time.monotonic()
    until = begun + HANGS
    happened = []
    try:
        for device in devices:
            device.start()
        for _ in range(rng.randint(1, 3)):
            after = rng.randint(2, ROUNDS - 5)
            ahead = lambda after=after: max(rounds_of(folder / str(n)) for n in range(DEVICES)) >= after  # noqa: E731
            if not wait(ahead, until):
                break
            happened.append(_trouble(rng, devices, wires))
            time.sleep(rng.uniform(0.2, 1.5))
            wires.heal()
            for device in devices:
                device.signal(signal.SIGCONT)
                if device.poll() == -signal.SIGKILL:
                    device.start()
        assert wait(lambda: all(device.poll() is not None for device in devices), until), (seed, happened, "hangs")
        assert [device.poll() for device in devices] == [0] * DEVICES, (seed, happened)
    finally:
        for device in devices:
            device.end()
        wires.end()
    return happened, time.monotonic() - begun, people, model


def _trouble(rng: random.Random, devices: list[Device], wires: Wires) -> str:
    victim = rng.choice(devices)
    what = rng.choice(["kill", "hang", "cut", "slow"])
    if what == "kill":
        victim.signal(signal.SIGKILL)
        while victim.poll() is None:
            time.sleep(0.01)
    elif what == "hang":
        victim.signal(signal.SIGSTOP)
    elif what == "cut":
        wires.cut(
            (
                {victim.number, (victim.number + 1) % DEVICES},
                {(victim.number + 2) % DEVICES, (victim.number + 3) % DEVICES},
            )
        )
    else:
        wires.slow(victim.number)
    return f"{what} {victim.number}"


def schedule(seed: int, folder: Path, keys: Path, make_population: Make, make_model: Make) -> None:
    """Play one, and look at what is on the disks."""
    happened, seconds, people, model = play(seed, folder, keys, make_population, make_model)
    falls = []
    for device in range(DEVICES):
        home = RunFolder(folder / str(device))
        state = load_checkpoint(home.checkpoint)
        assert state["round"] == ROUNDS, (happened, device)
        found = state["memories"][str(device)]["model"]
        assert all(bool(torch.isfinite(v).all()) for v in found.values()), happened
        refused = sum(m.value for m in read_metrics(home.metrics) if m.name.measure == "refused")
        again = any(one.startswith("kill") for one in happened)  # who comes back sends its last letter again
        assert refused == 0 or again, (happened, device, refused)
        rows = people.clients[device].train.batch(torch.arange(len(people.clients[device].train)))
        with torch.no_grad():
            before = {name: model.initial[name] for name in found}
            losses = [float(cross_entropy(model(tensors, rows), rows.label).mean()) for tensors in (before, found)]
        falls.append(losses[0] - losses[1])
    survivors = [fall for device, fall in enumerate(falls) if f"kill {device}" not in happened]
    assert survivors and min(survivors) > -0.5 and sum(survivors) > 0.03 * len(survivors), (happened, falls)
    assert seconds < HANGS, happened


def files(keys: Path, me: int) -> dict[str, str]:
    return {"authority": f"{keys}/ca.crt", "certificate": f"{keys}/peer-{me}.crt", "key": f"{keys}/peer-{me}.key"}


def main() -> None:
    path = HERE.parent.parent / "conftest.py"
    spec = importlib.util.spec_from_file_location("made_up", path)
    assert spec is not None and spec.loader is not None
    made_up = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made_up)
    seed, folder, keys = int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])
    schedule(seed, folder, keys, made_up.population, made_up.model_for)


if __name__ == "__main__":
    main()
