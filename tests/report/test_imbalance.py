"""The section on balance of modalities: its words and numbers are those of the metrics."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from counterpoint.evaluate import Metric, MetricName
from counterpoint.report import write_report
from counterpoint.report.parts import Section
from counterpoint.report.record import read_record
from counterpoint.report.sections.imbalance import imbalance
from counterpoint.report.sections.notes import notes
from counterpoint.runs.folder import RunFolder

Make = Callable[..., RunFolder]
SURE = {"acc": [0.3, 0.4, 0.5, 0.6], "gyro": [0.35, 0.3, 0.3, 0.4]}
BY_CLASS = {"walk": (0.9, 0.2), "run": (0.7, 0.3), "sit": (0.2, 0.7)}


def metrics(*, personal: bool = False, gap: float = 0.125, only: tuple[str, ...] = ()) -> list[Metric]:
    """What four rounds record."""
    moment = ("personal", "clients:mean", "after") if personal else ("global", "server", "before")
    model, scope, when = moment

    def made() -> Iterator[tuple[int, str, str, float]]:
        for number in range(1, 5):
            yield number, "fusion_gap", "acc+gyro", gap
            yield number, "majority", "acc+gyro", 0.25
            yield number, "contribution", "acc", 0.375
            yield number, "contribution", "gyro", -0.0625
            yield number, "class_std", "observed", 0.21
            for place, (modality, values) in enumerate(SURE.items()):
                yield number, "confidence", modality, values[number - 1]
                for label, each in BY_CLASS.items():
                    yield number, f"confidence[{label}]", modality, each[place]

    return [
        Metric(number, MetricName(measure, model, scope, "global_test", pattern, when), value)  # type: ignore[arg-type]
        for number, measure, pattern, value in made()
        if not only or measure.partition("[")[0] in only
    ]


def of(folder: RunFolder) -> Section:
    return imbalance(read_record(folder))


def test_it_says_what_the_metrics_say(make: Make) -> None:
    section = of(make(more=metrics()))
    facts = dict(section.facts)
    assert facts["all together"] == (
        "With all modalities shown, accuracy is 12.5 pp above that of the best one alone, on the same samples."
    )
    assert facts["dominates"] == ("acc: confidence 60.0%, against 40.0% of gyro. It leads after 3 of 4 scored rounds.")
    assert facts["classes"] == "Standard deviation of recalls over classes, of samples as they are: 21.0 pp."
    steps, rounds, classes = section.plots
    assert "Most frequent class: 25.0%; acc +37.5 pp, gyro -6.2 pp; all shown: 56.2%." in steps.svg
    assert [list(row) for row in steps.table.rows] == [["acc", "+37.5 pp"], ["gyro", "-6.2 pp"]]
    assert list(steps.table.sums) == ["all", "+31.2 pp"]
    assert list(rounds.table.rows[-1]) == ["4", "60.0%", "40.0%"]
    assert list(classes.table.head) == ["class", "acc", "gyro", "dominates"]
    assert [list(row) for row in classes.table.rows] == [
        ["walk", "90.0%", "20.0%", "acc"],
        ["run", "70.0%", "30.0%", "acc"],
        ["sit", "20.0%", "70.0%", "gyro"],
    ]
    assert "Classes in which a modality dominates: acc 2, gyro 1." in classes.caption


@pytest.mark.parametrize(
    ("gap", "told"), [(-0.02, "is 2.0 pp below that of"), (0.0, "is that of the best"), (-1e-9, "is that of the best")]
)
def test_a_gap_in_words(make: Make, gap: float, told: str) -> None:
    assert told in dict(of(make(more=metrics(gap=gap))).facts)["all together"]


def test_personal_models_say_over_whom(make: Make) -> None:
    section = of(make("local", more=metrics(personal=True)))
    assert "Mean over the clients that own all modalities." in dict(section.facts)["all together"]
    assert "Means over the clients that own the modality." in section.plots[1].caption


def test_where_no_sample_has_all(make: Make) -> None:
    section = of(make(more=metrics(only=("confidence", "class_std"))))
    assert dict(section.facts)["all together"] == (
        "No sample of the test has all modalities, so none can be compared with another."
    )
    assert [plot.title for plot in section.plots] == ["Confidence of each modality", "Confidence by class"]


def test_of_very_many_classes_there_are_means_alone(make: Make) -> None:
    found = [metric for metric in metrics() if "[" not in metric.name.measure]
    assert [plot.title for plot in of(make(more=found)).plots][1:] == ["Confidence of each modality"]


def test_of_more_than_four_modalities_it_says_why_there_are_no_contributions(make: Make) -> None:
    folder = make(more=[m for m in metrics() if m.name.measure not in ("contribution", "majority")])
    told: dict[str, Any] = dict(folder.read_json(folder.population))
    told["modalities"] = {m: {"kind": "table", "shape": [3]} for m in ("acc", "b", "c", "d", "gyro")}
    folder.write_json(folder.population, told)
    assert "there are 5 modalities" in dict(of(folder).facts)["contributions"]


def test_values_that_are_not_finite_break_nothing(make: Make) -> None:
    nan = float("nan")
    found = [Metric(m.round, m.name, nan) if m.name.pattern == "acc" else m for m in metrics()]
    section = of(make(more=found))
    assert dict(section.facts)["dominates"].startswith("gyro: confidence 40.0%, against not finite of acc.")
    assert "Classes in which a modality dominates: acc 0, gyro 3." in section.plots[-1].caption


def test_the_page_has_it_once_and_older_runs_do_without(make: Make) -> None:
    page = write_report(make(more=metrics())).read_text(encoding="utf-8")
    assert len(re.findall('<section id="balance">', page)) == 1
    assert "The method's own notes" not in page
    older = make(name="older")
    assert 'id="balance"' not in write_report(older).read_text(encoding="utf-8")
    assert not of(older)


def test_they_are_no_notes_of_the_method(make: Make) -> None:
    assert not notes(read_record(make(more=metrics())))
