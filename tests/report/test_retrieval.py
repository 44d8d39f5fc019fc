"""The section on alignment of modalities: its words and numbers are those of the metrics."""

from collections.abc import Callable, Iterator

from counterpoint.evaluate import Metric, MetricName
from counterpoint.report import write_report
from counterpoint.report.headline import facts, headline
from counterpoint.report.parts import Section
from counterpoint.report.record import read_record
from counterpoint.report.sections.notes import notes
from counterpoint.report.sections.retrieval import retrieval
from counterpoint.runs.folder import RunFolder

Make = Callable[..., RunFolder]
OPTIONS = {"options": {"depth": 1, "gallery": 16}}


def metrics(*, pairs: int = 200, clients: int = 2, probe: bool = True, rounds: int = 4) -> list[Metric]:
    """What four rounds of a method that aligns modalities record."""

    def made() -> Iterator[Metric]:
        for number in range(1, rounds + 1):

            def server(measure: str, pattern: str, value: float, number: int = number) -> Metric:
                return Metric(number, MetricName(measure, "global", "server", "global_test", pattern, "before"), value)

            for direction, better in (("image>text", 1.0), ("text>image", 2.0)):
                for depth in (1, 5, 10):
                    yield server(f"recall@{depth}", direction, better * depth * number / 200)
                yield server("median_rank", direction, 100.0 - 10 * number * better)
                yield server("mean_reciprocal_rank", direction, 0.25)
            for measure in ("recall@1", "recall@5", "recall@10", "median_rank", "mean_reciprocal_rank"):
                yield server(measure, "observed", 0.5)
            if pairs:
                yield server("samples", "image+text", float(pairs))
            yield server("alignment", "image+text", 1.5)
            yield server("modality_gap", "image+text", 0.75)
            yield server("uniformity", "image", -1.25)
            yield server("uniformity", "text", -2.5)
            yield server("contrastive", "observed", 3.5)
            for measure, mean, worst in (("contrastive", 3.0, 4.0), ("batch_recall@1", 0.5, 0.25)):
                for how, value in (("mean", mean), ("worst", worst), ("std", 0.125)):
                    yield Metric(
                        number,
                        MetricName(measure, "global", f"clients:{how}", "test", "observed", "before"),  # type: ignore[arg-type]
                        value - number / 64,
                    )
            for client in range(clients):
                share = 1 / clients + (number - 1) * (-0.0625 if client else 0.0625 * (clients - 1)) / clients
                yield Metric(number, MetricName("mixture", scope=f"client:{client}"), share)
            if probe and number == rounds:
                for pattern in ("image", "text", "image+text"):
                    for share, value in (("0.01", 0.25), ("0.1", 0.5), ("1", 0.75)):
                        yield server(f"probe_accuracy[{share}]", pattern, value)
                        yield server(f"probe_macro_f1[{share}]", pattern, value / 2)

    return list(made())


def of(folder: RunFolder) -> Section:
    return retrieval(read_record(folder))


def aligned(make: Make, **kinds: int) -> RunFolder:
    return make("fedaid", more=metrics(**kinds), config=OPTIONS)  # type: ignore[arg-type]


def test_it_says_what_the_metrics_say(make: Make) -> None:
    section = of(aligned(make))
    told = dict(section.facts)
    assert told["image → text"] == (
        "Of 200 pairs, 2.0% are found at once, 10.0% among the nearest 5, 20.0% among the nearest 10; median rank 60.\n"
        "By chance 0.5% are found at once, 2.5% among the nearest 5, 5.0% among the nearest 10; median rank 100.5."
    )
    assert told["text → image"].startswith("Of 200 pairs, 4.0% are found at once, 20.0% among")
    assert told["within batches"] == (
        "18.8% at the worst client, 43.8% on average over clients: how often the nearest is right, both directions, in "
        "batches of 16 rows; by chance about 6.2%."
    )
    assert told["alignment"].startswith("image and text 1.5: mean squared distance")
    assert told["modality gap"].startswith("image and text 0.75: ")
    assert told["uniformity"].startswith("image -1.25, text -2.5: ")


def test_probes_are_a_table(make: Make) -> None:
    (table,) = of(aligned(make)).tables
    assert list(table.head)[:4] == [
        "embeddings of",
        "accuracy, 1%",
        "accuracy, 10%",
        "accuracy, 100%",
    ]
    assert list(table.rows[0]) == ["image+text", "25.0%", "50.0%", "75.0%", "12.5%", "25.0%", "37.5%"]
    assert [row[0] for row in table.rows] == ["image+text", "image", "text"]
    assert not of(make("fedaid", more=metrics(probe=False), config=OPTIONS, name="b")).tables


def test_curves(make: Make) -> None:
    recall, rank, batch, loss, weights = of(aligned(make)).plots
    assert list(recall.table.head) == [
        "round",
        *(f"{way} @{depth}" for depth in (1, 5, 10) for way in ("image → text", "text → image")),
    ]
    assert list(recall.table.rows[-1]) == ["4", "2.0%", "4.0%", "10.0%", "20.0%", "20.0%", "40.0%"]
    assert list(rank.table.rows[0]) == ["1", "90", "80"]
    assert (batch.title, list(batch.table.rows[0])) == ("Recall@1 within a batch", ["1", "48.4%", "23.4%"])
    assert (loss.title, list(loss.table.rows[-1])) == ("Contrastive loss", ["4", "2.938", "3.938"])
    assert list(weights.table.head) == ["round", "client 0", "client 1"]
    assert list(weights.table.rows[-1]) == ["4", "59.4%", "40.6%"]


def test_many_clients_are_three_lines(make: Make) -> None:
    folder = make("fedaid", more=metrics(clients=10), config=OPTIONS, clients=10)
    weights = of(folder).plots[-1]
    assert list(weights.table.head) == ["round", "largest", "median", "smallest"]
    assert list(weights.table.rows[0]) == ["1", "10.0%", "10.0%", "10.0%"]
    assert list(weights.table.rows[-1]) == ["4", "26.9%", "8.1%", "8.1%"]
    assert "Of 10 clients" in weights.caption


def test_pairs_are_counted_in_the_population_where_no_score_counts_them(make: Make) -> None:
    folder = aligned(make, pairs=0)
    told = folder.read_json(folder.population)
    patterns = {"audio+image+text": 30, "image": 5, "image+text": 20}
    folder.write_json(folder.population, {**told, "global_test": {"rows": 55, "patterns": patterns}})
    assert "\nBy chance 2.0% are found at once" in dict(of(folder).facts)["image → text"]


def test_where_pairs_are_not_counted_chance_is_not_told(make: Make) -> None:
    told = dict(of(aligned(make, pairs=0)).facts)["image → text"]
    assert told == "2.0% are found at once, 10.0% among the nearest 5, 20.0% among the nearest 10; median rank 60."


def test_nothing_of_it_is_among_the_notes(make: Make) -> None:
    record = read_record(aligned(make))
    assert not notes(record)
    own = make(more=[m for m in metrics() if not m.name.measure.startswith("recall")], name="b")
    assert not of(own), "without retrieval there is no section, and what else there is is a note"
    assert {"mixture", "contrastive"} <= {plot.title for plot in notes(read_record(own)).plots}


def test_the_page_has_it_only_where_it_was_scored(make: Make) -> None:
    assert 'id="alignment"' in write_report(aligned(make)).read_text(encoding="utf-8")
    assert 'id="alignment"' not in write_report(make(name="b")).read_text(encoding="utf-8")


def test_the_top_of_the_page_has_it_too(make: Make) -> None:
    (group,) = [g for g in headline(read_record(aligned(make))) if g.title.startswith("Retrieval")]
    assert group.note == "before local training; state after round 4"
    assert [(card.label, card.value) for card in group.cards] == [
        ("recall@1", "50.0%"),
        ("recall@10", "50.0%"),
        ("median rank", "0.5"),
        ("worst client", "18.8%"),
    ]
    assert not [g for g in headline(read_record(make(name="b"))) if g.title.startswith("Retrieval")]


def test_clients_train_with_the_methods_own_optimizer(make: Make) -> None:
    own = {"options": {"optimizer": "adamw"}, "train": {"lr": 0.0005, "epochs": 1}}
    told = dict(facts(read_record(make("fedaid", config=own))))
    assert told["local training"] == "adamw, lr 0.0005, 1 epoch"
    assert dict(facts(read_record(make(name="b"))))["local training"].startswith("sgd, ")
