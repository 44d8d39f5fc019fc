"""A real link, real nodes, TLS and registered keys: a site dies, the link dies, and the run goes on."""

from dataclasses import replace
from pathlib import Path

import pytest

from counterpoint.cli.demo.files import free_ports
from counterpoint.cli.federation.play import Play, tools
from counterpoint.cli.federation.program import family
from counterpoint.deploy import share
from counterpoint.deploy.agreement import Agreement
from counterpoint.deploy.files import write_app
from counterpoint.runs import run
from counterpoint.runs.site import site_population
from counterpoint.runs.table import read_metrics

SECONDS = 420


def scores(folder: Path, number: int) -> dict[str, float]:
    found = read_metrics(folder / "metrics.parquet")
    return {str(m.name): m.value for m in found if m.round == number}


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str], bool]:
    tools()
    folder = tmp_path_factory.mktemp("federation") / "app"
    link, *ports = free_ports(4)
    write_app(folder, data="mfeat", method="fedavg", sites=2, link=f"127.0.0.1:{link}", rounds=3)
    said: list[str] = []
    play = Play(
        folder,
        sites=2,
        link=f"127.0.0.1:{link}",
        ports=ports,
        rounds=3,
        seconds=SECONDS,
        say=lambda _, text: said.append(text),
    )
    finished = play.run()
    programs = [play._link, play._start, *play._sites]
    assert not any(program.runs for program in programs)
    assert not any(family(p._process.pid) for p in programs if p._process is not None), "nothing is left running"
    return folder, said, finished


@pytest.mark.slow
def test_it_goes_on_after_every_death(played: tuple[Path, list[str], bool]):
    folder, said, finished = played
    log = (folder / "logs" / "run.txt").read_text()
    assert finished, "\n".join([*said, log[-3000:]])
    told = "\n".join(said)
    for what in (
        "nobody registered was turned away",
        "site 1 was killed in round 2",
        "client 1 is left out of round 2",
        "the link was killed in round 3",
        "going on after round 2",
        "round 3 of 3",
    ):
        assert what in told
    assert (folder / "run" / "result.json").is_file()
    assert (folder / "run" / "report.html").is_file()
    assert len(list(folder.glob("site-*-state/*/client-*.safetensors"))) == 2
    missed = [n for n in (1, 2, 3) if scores(folder / "run", n).get("unanswered/-/clients:sum/-/-/-")]
    assert missed == [2]


@pytest.mark.slow
def test_while_all_answer_the_numbers_are_those_of_the_sequential_engine(
    played: tuple[Path, list[str], bool], tmp_path: Path
):
    folder, _, _ = played
    agreement = Agreement.read(folder / "app" / "agreement.toml")
    told = agreement.modalities, agreement.classes
    clients = [site_population(share("mfeat", n, of=2), *told, client=n, seed=0).clients[0] for n in range(2)]
    people = replace(agreement.population("mfeat", test="mfeat"), clients=tuple(clients))
    run("fedavg", people, rounds=3, engine="sequential", out=tmp_path / "near")
    expected, found = scores(tmp_path / "near", 1), scores(folder / "run", 1)
    assert found.keys() == expected.keys()
    assert found == pytest.approx(expected, abs=1e-5, nan_ok=True)
