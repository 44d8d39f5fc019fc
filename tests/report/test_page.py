"""The page as a whole: self-contained, complete, and safe whatever is in the folder."""

import base64
import hashlib
import json
import re
import shutil
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from counterpoint.errors import UserError
from counterpoint.evaluate import Metric, MetricName
from counterpoint.report import units, write_report
from counterpoint.runs.checkpoint import save_checkpoint
from counterpoint.runs.folder import RunFolder
from counterpoint.runs.table import read_metrics, write_metrics

from .conftest import PROFILE

Make = Callable[..., RunFolder]
VOID = {"meta", "link", "br", "hr", "img", "input"}


class Outline(HTMLParser):
    """Checks that elements are closed in order, and gathers ids, attributes and visible text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.ids: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.scripts: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.attributes += [(tag, key, value or "") for key, value in attrs]
        self.ids += [value or "" for key, value in attrs if key == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script":
            self.scripts.append(data)
        elif self.open and self.open[-1] != "style":
            self.text += data


def read(page: Path) -> Outline:
    outline = Outline()
    outline.feed(page.read_text(encoding="utf-8"))
    assert outline.open == []
    return outline


def section(page: Path, name: str) -> str:
    """The text of one section."""
    found = re.search(rf'<section id="{name}">(.*?)</section>', page.read_text(encoding="utf-8"), re.DOTALL)
    assert found, f"no section {name}"
    outline = Outline()
    outline.feed(found[1])
    return outline.text


@pytest.mark.parametrize("method", ["fedavg", "local"])
def test_the_page_is_self_contained(make: Make, method: str) -> None:
    page = write_report(make(method))
    outline = read(page)
    assert page.name == "report.html"
    assert not {"link", "iframe", "object", "embed", "base"} & set(outline.seen)
    for tag, key, value in outline.attributes:
        if key in ("src", "href", "srcset", "action", "data"):
            assert value.startswith(("#", "data:image/png;base64,")), (tag, key, value)
        assert not key.startswith("on")
    text = page.read_text(encoding="utf-8")
    assert not re.search(r"@import|url\((?!['\"]?#)", text)
    assert "default-src 'none'" in text


def test_one_script_runs_and_no_other(make: Make) -> None:
    outline = read(write_report(make()))
    (script,) = outline.scripts
    fingerprint = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    (policy,) = (v for t, key, v in outline.attributes if (t, key) == ("meta", "content") and "default-src" in v)
    assert f"script-src 'sha256-{fingerprint}';" in policy
    assert policy.count("sha256-") == 1
    assert "unsafe-inline" not in policy.partition("script-src")[2]
    assert not [key for _, key, _ in outline.attributes if key.startswith("on")]


def test_ids_are_unique_and_links_lead_somewhere(make: Make) -> None:
    outline = read(write_report(make(clients=50)))
    assert len(set(outline.ids)) == len(outline.ids)
    wanted = {value[1:] for _, key, value in outline.attributes if key == "href" and value.startswith("#")}
    wanted |= {name for _, _, value in outline.attributes for name in re.findall(r"url\(#([^)]+)\)", value)}
    assert wanted <= set(outline.ids)


def test_every_drawing_has_words_and_numbers(make: Make) -> None:
    outline = read(write_report(make()))
    labels = [value for tag, key, value in outline.attributes if tag == "svg" and key == "aria-label"]
    assert outline.seen.count("svg") == len(labels) == outline.seen.count("figcaption") >= 10
    assert outline.seen.count("figure") == outline.seen.count("details")
    assert all(len(label) > 20 for label in labels)


def test_it_shows_the_numbers_of_the_result(make: Make) -> None:
    folder = make()
    metrics = json.loads(folder.result.read_text())["metrics"]
    text = read(write_report(folder)).text
    for scope in ("server/global_test/observed", "clients:mean/test/observed", "clients:worst/test/observed"):
        assert units.percent(metrics[f"accuracy/global/{scope}/before"]) in text
        assert units.percent(metrics[f"macro_f1/global/{scope}/before"]) in text or "worst" in scope
    assert units.percent(metrics["accuracy/global/clients:mean/test/observed/after"]) in text
    assert "6.2 pp" in text
    assert "finished: 4 rounds" in text
    assert units.size(4 * 7 * 8590) == "241 kB"
    assert "241 kB" in text
    assert "3 min 22 s" in text
    assert "Global model on each client's own test" in text
    assert "before local training; state after round 4" in text


def test_equal_folders_give_equal_pages_on_any_machine(make: Make, tmp_path: Path) -> None:
    folder = make()
    first = write_report(folder).read_bytes()
    elsewhere = tmp_path / "elsewhere" / folder.path.name
    shutil.copytree(folder.path, elsewhere, ignore=shutil.ignore_patterns("*.html", "*.safetensors"))
    assert write_report(RunFolder.open(elsewhere)).read_bytes() == first
    assert write_report(folder).read_bytes() == first


def test_an_unfinished_run(make: Make) -> None:
    page = write_report(make(done=2))
    text = read(page).text
    assert "not finished: after round 2 of 4" in text
    assert "1 min 16 s" in text
    assert "up to the last checkpoint" in section(page, "profile")
    assert "120 kB" in text


def test_where_the_time_went(make: Make) -> None:
    page = write_report(make())
    told = " ".join(section(page, "profile").split())
    assert "computeforward, backward and optimiser steps5 min87.2%300 ms" in told, "a row of the table"
    assert "aggregation" not in told, "it took no time"
    assert "On the clock 3 min 22 s: training 3 min 10 s, evaluation 10.0 s, saving 1.5 s. All kinds" in told
    assert "fedavg local, acc+gyro: 24 clients a stack (0.41 ms a client-step; alone 0.98 ms)" in told
    assert "score_before" not in told, "what was not measured is not told"
    assert "2 worker processes" in told
    assert "3 kinds of step recorded and replayed, counted in each process" in told
    (words,) = re.findall(r'id="profile">.*?<svg[^>]*aria-label="([^"]*)"', page.read_text(), re.DOTALL)
    assert words.startswith("By kind of work, a client-round, bars. compute: 300 ms; waiting: 30 ms;")


def test_where_the_time_went_without_visits(make: Make) -> None:
    told = section(write_report(make(profile={**PROFILE, "client_rounds": 0, "workers": 1})), "profile")
    assert "a client-round" not in told and "All kinds" not in told
    assert "5 min" in told


@pytest.mark.parametrize("done", [None, 2])
def test_older_folders_know_phases_alone(make: Make, done: int | None) -> None:
    folder = make(done=done, profile={"training": 200.0, "saving": 1.5})
    if done:
        save_checkpoint(folder.checkpoint, {"round": done, "seconds": {"training": 200.0, "saving": 1.5}})
    page = write_report(folder)
    told = section(page, "profile")
    assert "By phase" in told and "3 min 20 s" in told and "99.3%" in told
    assert "3 min 22 s" in read(page).text


@pytest.mark.parametrize("damage", ["nothing", "rubbish"])
def test_an_unfinished_run_without_a_good_checkpoint(make: Make, damage: str) -> None:
    folder = make(done=2)
    folder.checkpoint.unlink() if damage == "nothing" else folder.checkpoint.write_bytes(b"rubbish")
    page = write_report(folder)
    assert "after round 2 of 4" in read(page).text
    assert 'id="profile"' not in page.read_text(encoding="utf-8")


def test_a_run_without_any_round_yet(make: Make) -> None:
    page = write_report(make(done=0))
    assert "after round 0 of 4" in read(page).text
    assert "client 6" in section(page, "population")


def test_personal_models_are_called_so(make: Make) -> None:
    page = write_report(make("local"))
    text = read(page).text
    assert "Personal models on each client's own test" in text
    assert "Personal models on the global test" in text
    assert "Global model" not in text
    assert "before local training" not in text


@pytest.mark.parametrize("clients", [1, 200])
@pytest.mark.parametrize("done", [None, 2])
def test_few_and_many_clients(make: Make, clients: int, done: int | None) -> None:
    page = write_report(make(clients=clients, done=done))
    assert f"client {clients - 1}" in section(page, "population")
    assert page.stat().st_size < 600_000


def test_many_rounds_stay_small(make: Make) -> None:
    page = write_report(make(rounds=400, clients=3))
    assert page.stat().st_size < 600_000
    assert read(page).text.count("400") >= 3


def test_a_population_that_tells_nothing_of_how_it_was_drawn(make: Make) -> None:
    page = write_report(make(drawn=False))
    told = section(page, "population")
    assert "Labels" not in told
    assert "client 3" in told


def test_what_was_drawn_is_told(make: Make) -> None:
    told = section(write_report(make()), "population")
    assert "asked: client:0.4; realised rate: 43.8%" in told
    assert "owned by 5 of 7 clients" in told
    assert "Labels" in told


NASTY = "<script>alert('x')</script> & \"q\" $\\frac{$ \x07"


def test_whatever_is_in_a_name_is_escaped(make: Make) -> None:
    more = [
        Metric(2, MetricName(NASTY, scope=NASTY), 1.5),
        Metric(2, MetricName(f"bytes_up[{NASTY}]", scope="clients:sum"), 7e6),
    ]
    folder = make(NASTY.strip("\x07"), config={"options": {"<script>": NASTY}, "given": ["method"]}, more=more)
    told = json.loads(folder.population.read_text())
    for client in told["clients"]:
        client["name"], client["modalities"] = NASTY, [NASTY]
    told["drawn"]["clients"][0]["train"]["labels"] = {NASTY: 3}
    told["card"]["title"] = NASTY
    folder.write_json(folder.population, told)
    page = write_report(folder)
    assert read(page).seen.count("script") == page.read_text(encoding="utf-8").count("<script") == 1
    assert "alert('x')" in read(page).text


def test_numbers_that_are_not_finite_are_called_so(make: Make) -> None:
    name = MetricName("loss", "global", "server", "global_test", "observed", "before")
    wild = [Metric(3, name, float("inf")), Metric(4, name, float("nan")), Metric(4, MetricName("gap"), float("nan"))]
    page = write_report(make(more=wild))
    assert "not finite" in section(page, "rounds")
    assert "not finite" in section(page, "notes")


def test_refused_uploads_and_notes(make: Make) -> None:
    more = [
        Metric(3, MetricName("refused", scope="clients:sum"), 2.0),
        *(Metric(r, MetricName("lambda", scope="server"), 0.5**r) for r in (1, 2, 3, 4)),
    ]
    folder = make(more=more)
    folder.log.write_text("1 INFO round 3\n2 WARNING round 3: the upload of client 4 was refused: it has NaN\n")
    page = write_report(folder)
    assert "2 uploads refused" in section(page, "refused")
    assert "client 4 was refused: it has NaN" in section(page, "refused")
    assert "lambda" in section(page, "notes")
    plain = write_report(make(name="plain")).read_text(encoding="utf-8")
    assert 'id="refused"' not in plain
    assert 'id="notes"' not in plain


def test_scores_stand_against_what_they_cost(make: Make) -> None:
    told = " ".join(section(write_report(make()), "worth").split())
    assert "Accuracy against bytes" in told and "481 kB in all." in told
    assert "Accuracy against time" in told and "3 min 10 s in all." in told
    assert "roundbytesglobal testown tests 1120 kB38.3%42.9% 2241 kB46.7%51.2%" in told
    assert "roundtimeglobal testown tests 147.5 s38.3%42.9% 21 min 35 s46.7%51.2%" in told


def test_what_sends_nothing_has_no_plot_of_bytes(make: Make) -> None:
    folder = make("local")
    kept = [m for m in read_metrics(folder.metrics) if not m.name.measure.startswith(("bytes", "total_bytes"))]
    write_metrics(folder.metrics, kept)
    told = section(write_report(folder), "worth")
    assert "against bytes" not in told and "against time" in told


def test_main_owners_stand_in_the_table_of_clients(make: Make) -> None:
    folder = make()
    told = json.loads(folder.population.read_text())
    told["drawn"]["partition"] = {"spec": "owner:0.1", "main owners": {"client 0": "Ann 90%", "client 1": "Bob 55%"}}
    folder.write_json(folder.population, told)
    page = write_report(folder)
    shown = section(page, "population")
    assert "main owners" not in shown and "asked: owner:0.1" in shown
    assert "<td>client 0</td><td>acc+gyro</td><td>Ann 90%</td>" in page.read_text(encoding="utf-8")
    assert "<td>client 2</td><td>gyro</td><td>–</td>" in page.read_text(encoding="utf-8")


def test_cells_carry_the_values_that_tables_are_sorted_by(make: Make) -> None:
    text = write_report(make()).read_text(encoding="utf-8")
    assert '<td data-v="0.383333">38.3%</td>' in text
    assert '<td data-v="112000">112 kB</td>' in text
    assert "<tfoot><tr><td>all</td>" in text


def test_a_missing_file_is_named(make: Make) -> None:
    folder = make()
    folder.population.unlink()
    with pytest.raises(UserError, match=r"cannot read .*population\.json"):
        write_report(folder)


@pytest.mark.parametrize("extra", ["matplotlib", "jinja2"])
def test_a_missing_extra_is_named(make: Make, monkeypatch: pytest.MonkeyPatch, extra: str) -> None:
    import sys

    for name in [n for n in sys.modules if n.startswith(("counterpoint.report.", extra))]:
        if name not in ("counterpoint.report.write", "counterpoint.report.record", "counterpoint.report.select"):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, extra, None)
    with pytest.raises(UserError, match=r"pip install 'counterpoint\[report\]'"):
        write_report(make())
