"""The page of a comparison as a whole: complete, self-contained, equal for equal files, right in its numbers."""

import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from markupsafe import escape

from counterpoint.errors import UserError
from counterpoint.evaluate import Metric, MetricName
from counterpoint.experiments import Case, load
from counterpoint.experiments.numbers import numbers
from counterpoint.report import units, write_comparison
from counterpoint.runs import RunFolder

from ..test_page import Outline, read, section
from .conftest import Compared

WHOLE = ["scores", "differences", "ranks", "rounds", "worth", "clients", "patterns", "costs", "again", "data"]


def words(page: Path, name: str) -> str:
    return " ".join(section(page, name).split())


def sections(page: Path) -> list[str]:
    return re.findall(r'<section id="([^"]+)"', page.read_text(encoding="utf-8"))


def rows(page: Path, name: str, title: str) -> list[list[str]]:
    """Cells of the table of this title in a section, its head first."""
    text = page.read_text(encoding="utf-8").partition(f'<section id="{name}">')[2]
    table = text.partition(f"<caption>{escape(title)}</caption>")[2].partition("</table>")[0]
    found = []
    for row in re.findall(r"<tr>(.*?)</tr>", table):
        cells = re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)
        found.append([re.sub(r"<[^>]+>", "", cell) for cell in cells])
    return found


def test_it_is_complete_and_self_contained(compared: Compared) -> None:
    page = write_comparison(compared())
    assert page.name == "report.html"
    assert sections(page) == WHOLE
    outline = read(page)
    assert len(set(outline.ids)) == len(outline.ids)
    assert not {"link", "iframe", "object", "embed", "base"} & set(outline.seen)
    wanted = {value[1:] for _, key, value in outline.attributes if key == "href"}
    wanted |= {name for _, _, value in outline.attributes for name in re.findall(r"url\(#([^)]+)\)", value)}
    assert wanted <= set(outline.ids)
    labels = [value for tag, key, value in outline.attributes if tag == "svg" and key == "aria-label"]
    assert outline.seen.count("svg") == len(labels) == outline.seen.count("figcaption") == outline.seen.count("figure")
    assert all(len(label) > 40 for label in labels)
    assert "finished: 24 runs" in outline.text
    assert "4 methods on watch and mfeat" in outline.text


def test_its_numbers_are_those_of_the_results(compared: Compared) -> None:
    folder = compared()
    told = numbers(load(folder))
    page = write_comparison(folder)
    head, *found = rows(page, "scores", "Global test")
    assert head == ["method", "watch (accuracy)", "mfeat, dirichlet:0.5 (accuracy)"]
    assert [row[0] for row in found] == ["local", "fedavg", "fedprox[mu=0.1]", "centralized"]
    for cell in told["cells"]:
        row = found[[r["label"] for r in told["rows"]].index(cell["method"])]
        score = cell["scores"]["held-out"]
        text = f"{units.percent(score['mean'])} ± {100 * score['std']:.1f}"
        assert row[head.index(f"{cell['data']} (accuracy)")].endswith(text)
    own = rows(page, "scores", "Clients' own tests, mean over clients")[1:]
    worst = rows(page, "scores", "Clients' own tests, the worst client")[1:]
    by_cell = {(cell["method"], cell["data"]): cell for cell in told["cells"]}
    assert units.percent(by_cell["fedavg", "watch"]["scores"]["own"]["mean"]) in own[1][1]
    assert units.percent(by_cell["fedavg", "watch"]["scores"]["worst"]["mean"]) in worst[1][1]
    difference = by_cell["centralized", "watch"]["difference"]
    assert f"+{units.points(difference['mean'])}" in words(page, "differences")
    assert f"{difference['p_holm']:.3f}" in words(page, "differences")


def test_the_best_is_called_so(compared: Compared) -> None:
    page = write_comparison(compared(seeds=5, lift=0.06))
    found = rows(page, "scores", "Global test")[1:]
    assert ["best" in cell for cell in found[3][1:]] == [True, True]
    assert not any("best" in cell for row in found[:3] for cell in row)
    assert found[3][1].startswith("best beats local ")
    assert "p below 0.05 after Holm" in words(page, "scores")
    assert "too few" not in words(page, "scores") and "lucky" not in words(page, "scores")
    text = page.read_text(encoding="utf-8")
    assert "Best on the global test" in text and "accuracy: centralized" in text


def test_few_seeds_are_warned_of(compared: Compared) -> None:
    page = write_comparison(compared(data=["watch"], seeds=3))
    assert "With fewer than 5 seeds no difference supports that one method is better" in words(page, "scores")
    assert "With fewer than 5 seeds" in words(page, "differences")
    text = "".join(cell for row in rows(page, "scores", "Global test")[1:] for cell in row)
    assert "beats" not in text and "behind" not in text


def test_a_significant_difference_of_few_seeds_has_its_p_beside_it(compared: Compared) -> None:
    page = write_comparison(compared(data=["watch"], seeds=3, lift=0.12))
    found = rows(page, "scores", "Global test")
    assert re.match(r"best p (0\.0\d\d|< 0\.001|&lt; 0\.001) \d", found[4][1])
    assert "there are too few seeds to say more" in words(page, "scores")


def test_one_seed_has_no_spread(compared: Compared) -> None:
    page = write_comparison(compared(data=["watch"], seeds=1))
    assert "One seed says nothing of chance" in words(page, "scores")
    assert "±" not in "".join(cell for row in rows(page, "scores", "Global test") for cell in row)
    assert "one seed" in words(page, "differences")


def test_runs_that_are_not_there(compared: Compared) -> None:
    folder = compared(
        seeds=2,
        failing=lambda case: case.variant.method == "fedavg" and case.seed == 1 and case.condition.data == "watch",
        without=lambda case: case.variant.method == "centralized",
    )
    page = write_comparison(folder)
    assert sections(page)[0] == "failed"
    assert "its process was ended by SIGKILL" in words(page, "failed")
    assert words(page, "failed").count("centralized-") == 4
    assert "not finished: 11 of 16 runs; 1 failed, 4 not done yet" in read(page).text
    found = rows(page, "scores", "Global test")
    assert found[4] == ["centralized", "–", "–"]
    assert found[2][1].endswith("% (1)")
    assert "of so many runs, fewer than asked for" in words(page, "scores")


def test_nothing_is_there_yet(compared: Compared) -> None:
    page = write_comparison(compared(without=lambda case: True))
    assert "not finished: 0 of 24 runs; 24 not done yet" in read(page).text
    assert "scores" not in sections(page) or not rows(page, "scores", "Global test")
    assert "again" in sections(page)


def test_too_little_for_ranks_is_said(compared: Compared) -> None:
    page = write_comparison(compared(data=["watch"]))
    assert "ranks need scores on 2 data sets or more, and there are 1" in words(page, "ranks")
    two = write_comparison(compared(methods=["local", "fedavg"], name="two"))
    assert "ranks need 3 methods or more" in words(two, "ranks")


def test_one_method_is_compared_with_nobody(compared: Compared) -> None:
    page = write_comparison(compared(methods=["fedavg"]))
    assert "differences" not in sections(page)
    assert "compared with" not in read(page).text
    assert "best" not in "".join(cell for row in rows(page, "scores", "Global test") for cell in row)


def test_a_measure_of_which_less_is_better(compared: Compared) -> None:
    page = write_comparison(compared(data=[{"name": "watch", "measure": "loss"}], methods=["local", "fedavg"], seeds=2))
    head, *found = rows(page, "scores", "Global test")
    assert head[1] == "watch (loss)"
    means = [float(row[1].split(" ± ")[0].split()[-1]) for row in found]
    assert ["best" in row[1] for row in found] == [mean == min(means) for mean in means]
    worst = rows(page, "scores", "Clients' own tests, the worst client")[1:]
    assert float(worst[0][1].split(" ± ")[0].split()[-1]) > means[0], "the worst client has the largest loss"
    assert "Difference in loss." in words(page, "differences")


def test_retrieval_has_scores_on_the_global_test_and_by_direction(compared: Compared) -> None:
    def more(case: Case) -> list[Metric]:
        place = 5.0 * (case.variant.method == "fedavg") + case.seed
        return [
            Metric(n, MetricName("median_rank", "global", "server", "global_test", pattern, "before"), 40 - n - place)
            for n in range(1, 5)
            for pattern in ("observed", "image>text", "text>image")
        ]

    data = [{"name": "watch", "measure": "median_rank"}]
    page = write_comparison(compared(data=data, methods=["fedprox[mu=0.1]", "fedavg"], seeds=2, more=more))
    head, *found = rows(page, "scores", "Global test")
    assert head[1] == "watch (median rank)"
    assert ["35.5" in found[0][1], "30.5" in found[1][1]] == [True, True]
    assert ["best" in row[1] for row in found] == [False, True], "less is better"
    assert "Difference in median rank." in words(page, "differences")
    assert "image>text" in words(page, "patterns")


def test_equal_files_give_equal_pages_anywhere(compared: Compared, tmp_path: Path) -> None:
    folder = compared(data=["watch"], seeds=2)
    first = write_comparison(folder).read_bytes()
    elsewhere = tmp_path / "elsewhere" / folder.name
    shutil.copytree(folder, elsewhere, ignore=shutil.ignore_patterns("*.html"))
    assert write_comparison(elsewhere).read_bytes() == first


def test_what_it_takes_to_do_it_again(compared: Compared) -> None:
    folder = compared(seeds=2)
    page = write_comparison(folder)
    told = section(page, "again")
    assert "counterpoint compare comparison.toml" in told
    assert (folder / "comparison.toml").read_text().strip() in told
    assert "mu = 0.1, train.epochs = " in told and "train.lr = 0.1" in told
    assert "counterpoint run fedprox --data mfeat" in told and "--set mu=0.1" in told
    assert "2.6" in told, "the version of torch"
    assert words(page, "data").count("Data card: Made up") == 1, "one card for data that are the same"
    assert "Population: watch, as seed 0 dealt it" in words(page, "data")
    assert "0123abcd" in words(page, "data")


def test_settings_that_were_found(compared: Compared) -> None:
    folder = compared(methods=["local", "fedavg"], data=["watch"], seeds=1, tune=7)
    assert "tuned" in sections(write_comparison(folder))
    told = [{"method": "fedavg", "data": "watch", "settings": {"train.lr": 0.05}}]
    (folder / "tuned.json").write_text(json.dumps(told))
    results = load(folder)
    missing = [name for name in results.missing if name.startswith("fedavg")]
    assert missing, "the runs stand on the settings"
    source = next(path for path in (folder / "runs").iterdir() if path.name.startswith("fedavg"))
    shutil.copytree(source, folder / "runs" / missing[0])
    config = folder / "runs" / missing[0] / "config.toml"
    config.write_text(config.read_text().replace("lr = 0.1\n", "lr = 0.05\n"))
    page = write_comparison(folder)
    assert "Each method was granted 7 trials on each data" in words(page, "tuned")
    assert "watchfedavgtrain.lr=0.05" in words(page, "tuned")
    assert "watchlocalas usual" in words(page, "tuned")
    assert "tuned: 7 trials for each method on each data" in read(page).text


def test_what_sends_nothing_is_a_level(compared: Compared) -> None:
    page = write_comparison(compared(data=["watch"], seeds=2))
    told = words(page, "worth")
    assert "watch: bytes" in told and "watch: time" in told
    assert re.search(r"centralized\d+\.\d%0 B", told)
    silent = write_comparison(compared(methods=["centralized"], data=["watch"], seeds=2, name="silent"))
    assert "bytes" not in re.findall(r"<h3>watch: (\w+)</h3>", silent.read_text())


def test_joules_are_shown_where_they_are_measured(compared: Compared) -> None:
    name = MetricName("joules", scope="clients:sum")
    page = write_comparison(compared(data=["watch"], seeds=2, more=lambda case: [Metric(4, name, 1250.0 + case.seed)]))
    head, *found = rows(page, "costs", "Costs of a run")
    assert head == ["data", "method", "runs", "time", "bytes up", "bytes down", "joules clients:sum"]
    assert found[0][-1] == "1250 J" or found[0][-1] == "1,250 J" or found[0][-1].endswith(" J")
    assert "joules" not in words(write_comparison(compared(data=["watch"], seeds=2, name="plain")), "costs")


def test_the_worst_client_is_named(compared: Compared) -> None:
    told = words(write_comparison(compared(data=["watch"], seeds=2)), "clients")
    assert re.search(r"client \d, seed [01]", told)
    assert "12" in told, "six clients in two runs"


def test_many_patterns_are_drawn_as_dots(compared: Compared) -> None:
    few = write_comparison(compared(data=["watch"], seeds=1))
    many = write_comparison(compared([f"fedprox[mu={n}]" for n in range(1, 13)], ["watch"], seeds=1, name="many"))
    (bars,) = re.findall(r'aria-label="(watch: accuracy by modalities[^.]*)', few.read_text())
    (dots,) = re.findall(r'aria-label="(watch: accuracy by modalities[^.]*)', many.read_text())
    assert bars.endswith("bars") and dots.endswith("dots")


NASTY = "<script>alert('x')</script> & \"q\" $\\frac{$"


def test_whatever_is_in_a_name_is_escaped(compared: Compared) -> None:
    folder = compared(data=[{"name": "watch", "label": NASTY}], seeds=1, title=NASTY)
    for path in (folder / "runs").iterdir():
        run = RunFolder(path)
        told = json.loads(run.population.read_text())
        for client in told["clients"]:
            client["name"] = NASTY
        told["card"]["title"] = NASTY
        run.write_json(run.population, told)
    page = write_comparison(folder)
    assert page.read_text(encoding="utf-8").count("<script") == 1
    assert "alert('x')" in read(page).text


def test_scores_that_are_not_finite(compared: Compared) -> None:
    name = MetricName("loss", "global", "server", "global_test", "observed", "before")
    folder = compared(
        methods=["fedavg", "fedprox"],
        data=[{"name": "watch", "measure": "loss"}],
        seeds=2,
        more=lambda case: [Metric(4, name, float("nan"))] if case.variant.method == "fedprox" else [],
    )
    for path in (folder / "runs").glob("fedprox*"):
        result = json.loads((path / "result.json").read_text().replace("NaN", "null"))
        (path / "result.json").write_text(json.dumps(result))
    page = write_comparison(folder)
    assert rows(page, "scores", "Global test")[2] == ["fedprox", "–"]
    assert "not finite" in words(page, "rounds")


def test_folders_that_are_no_comparison(compared: Compared, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is not the folder of a comparison"):
        write_comparison(tmp_path)
    folder = compared(data=["watch"], seeds=1)
    broken = next((folder / "runs").iterdir()) / "metrics.parquet"
    broken.write_bytes(b"rubbish")
    with pytest.raises(UserError, match="is damaged"):
        write_comparison(folder)


@pytest.mark.parametrize("extra", ["matplotlib", "jinja2"])
def test_a_missing_extra_is_named(compared: Compared, monkeypatch: pytest.MonkeyPatch, extra: str) -> None:
    kept = ("counterpoint.report.write", "counterpoint.report.extras")
    for name in [n for n in sys.modules if n.startswith(("counterpoint.report.", extra)) and n not in kept]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, extra, None)
    with pytest.raises(UserError, match=r"pip install 'counterpoint\[report\]'"):
        write_comparison(compared(data=["watch"], seeds=1))


@pytest.mark.slow
def test_a_page_of_many_methods_stays_small(compared: Compared) -> None:
    methods = ["local", "fedavg", "centralized", *(f"fedprox[mu={n}]" for n in range(1, 10))]
    page = write_comparison(compared(methods, ["watch"], seeds=2, rounds=90, clients=8))
    assert page.stat().st_size < 5e6 / 7
    assert isinstance(read(page), Outline)


def test_balance_of_modalities_and_classes(compared: Compared) -> None:
    def more(case: Case) -> list[Metric]:
        parts: Any = ("global", "server", "global_test")
        gap = Metric(4, MetricName("fusion_gap", *parts, "acc+gyro", "before"), 0.04 if case.seed else 0.01)
        return [gap, Metric(4, MetricName("class_std", *parts, "observed", "before"), 0.125)]

    folder = compared(methods=("fedavg", "fedprox"), data=("watch",), seeds=3, more=more)
    page = write_comparison(folder)
    assert sections(page) == [*WHOLE[:7], "balance", *WHOLE[7:]]
    told = numbers(load(folder))["cells"][1]["balance"]["weakest"]
    head, _, second = rows(page, "balance", "Balance of modalities and classes")
    assert head == ["data", "method", "runs", "weakest modality", "all less best", "classes"]
    assert told["modality"] == "gyro"
    weakest = f"gyro {units.percent(told['mean'])} ± {100 * told['std']:.1f}"
    assert [" ".join(c.split()) for c in second] == ["watch", "fedprox", "3", weakest, "3.0 pp ± 1.7", "12.5 pp ± 0.0"]
