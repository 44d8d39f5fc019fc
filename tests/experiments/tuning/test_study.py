"""A search in its folder: which trials come, what becomes of them, and going on after a death."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from counterpoint.errors import UserError
from counterpoint.evaluate import Metric
from counterpoint.experiments.tuning import Attempt, Study
from counterpoint.experiments.worker import Event
from counterpoint.runs import RunFolder
from counterpoint.runs.table import write_metrics

Opened = Callable[..., Study]


def near(attempt: Attempt, number: int) -> float:
    """Best at a learning rate of 0.3, better from round to round."""
    return 0.9 - 0.2 * abs(math.log10(attempt.case.config.train.lr / 0.3)) - 0.3 / number


def tried(study: Study) -> list[tuple[dict[str, Any], str, float | None]]:
    return [(t.user_attrs.get("settings", {}), t.state.name, t.value) for t in study._study.get_trials()]


def test_the_first_trial_is_what_is_there_without_a_search(opened: Opened) -> None:
    first, *others = opened().begin()
    assert first.settings == {}
    assert first.case.config.train.lr == 0.1
    assert len(others) == 3
    for attempt in others:
        assert attempt.settings.keys() == {"train.lr", "train.weight_decay"}
        assert attempt.case.config.train.lr == attempt.settings["train.lr"] != 0.1
        assert 1e-3 <= attempt.settings["train.lr"] <= 1


def test_optuna_knows_the_first_trial_as_far_as_it_lies_in_the_space(opened: Opened) -> None:
    inside = opened(name="inside").begin()[0]
    assert inside.trial.params == {"train.lr": 0.1, "train.weight_decay is 0": True}
    outside = opened(over={"train.lr": "0.2,0.4"}, name="outside").begin()[0]
    assert outside.trial.params == {"train.weight_decay is 0": True}
    assert outside.case.config.train.lr == 0.1


def test_trials_come_in_batches_and_there_are_so_many(opened: Opened, player: Any) -> None:
    study, plays = opened(6), player(near)
    batch = study.begin()
    assert [attempt.number for attempt in batch] == [0, 1, 2, 3]
    for attempt in batch[:3]:
        plays.play(study, attempt)
        assert study.settle() == []
    plays.play(study, batch[3])
    assert [attempt.number for attempt in study.settle()] == [0, 1, 2, 3]
    assert [attempt.number for attempt in study.begin()] == [4, 5]
    plays.finish(study)
    assert study.over == 6
    assert study.begin() == []


def test_the_best_is_found_and_never_worse_than_the_first(opened: Opened, player: Any) -> None:
    study = opened(24)
    player(near).finish(study)
    found = study.found
    assert found is not None
    assert found.usual == pytest.approx(0.9 - 0.2 * math.log10(3) - 0.05)
    assert found.score > found.usual
    assert 0.15 < found.settings["train.lr"] < 0.6
    assert found.trials == found.done + found.pruned == 24
    assert sum(found.importance.values()) == pytest.approx(1)
    assert next(iter(found.importance)) == "train.lr"


def test_of_equals_the_first(opened: Opened, player: Any) -> None:
    study = opened(8)
    player(lambda attempt, number: 0.5).finish(study)
    found = study.found
    assert found is not None
    assert (found.number, found.score, found.usual) == (0, 0.5, 0.5)
    assert found.settings == {"train.lr": 0.1, "train.weight_decay": 0.0}
    assert found.importance == {}


def test_less_loss_is_better(opened: Opened, player: Any) -> None:
    study = opened(8, measure="loss")
    player(lambda attempt, number: attempt.case.config.train.lr).finish(study)
    found = study.found
    assert found is not None
    assert found.score == min(value for _, state, value in tried(study) if state == "COMPLETE")
    assert found.score < found.usual == 0.1


def test_those_below_the_median_are_given_up_but_none_of_the_first_batch(opened: Opened, player: Any) -> None:
    """The median of four is at two thirds of the range; a third of the rounds is granted to everyone."""
    study = opened(20, rounds=9)
    plays = player(near)
    plays.finish(study)
    assert plays.given_up
    assert min(plays.given_up) >= 4
    assert min(plays.given_up.values()) >= 3
    states = [state for _, state, _ in tried(study)]
    assert [number for number, state in enumerate(states) if state == "PRUNED"] == sorted(plays.given_up)
    found = study.found
    assert found is not None
    assert found.pruned == len(plays.given_up)


def test_a_trial_that_ends_before_it_hears_was_given_up_all_the_same(opened: Opened, player: Any) -> None:
    study = opened(12, rounds=4)
    best = player(lambda attempt, number: 0.9)
    for attempt in study.begin():
        best.play(study, attempt)
    study.settle()
    slow, *others = study.begin()
    name = str(study.sweep.objective.name)
    told = [study.hear(slow, Event("round", "x", number, 1.0, {name: 0.1})) for number in (1, 2, 3, 4)]
    assert told == [False, True, False, False]
    study.hear(slow, Event("done", "x"))
    for attempt in others:
        best.play(study, attempt)
    study.settle()
    assert tried(study)[4][1] == "PRUNED"
    assert slow.scores == {1: 0.1, 2: 0.1}


def test_rounds_without_scores_of_their_own_do_not_count(opened: Opened) -> None:
    study = opened(options={"settings": {"evaluate.every": "4"}}, rounds=6)
    attempt = study.begin()[0]
    name = str(study.sweep.objective.name)
    for number in range(1, 7):
        study.hear(attempt, Event("round", "x", number, 1.0, {name: number / 10} if number >= 4 else {}))
    assert attempt.scores == {4: 0.4, 6: 0.6}


def test_chance_is_the_same_whoever_is_the_quickest_and_after_every_death(opened: Opened, player: Any) -> None:
    whole = opened(10, name="whole")
    player(near).finish(whole)
    expected = tried(whole)
    assert len({str(settings) for settings, _, _ in expected}) == 10
    for cut in (1, 3, 4):
        for _ in range(20):
            study, plays = opened(10, name=f"cut{cut}"), player(near)
            batch = study.begin()
            if not batch:
                break
            for number, attempt in enumerate(batch):
                if number == cut:
                    plays.play(study, attempt, rounds=1)
                    break
                plays.play(study, attempt)
            else:
                study.settle()
            if cut < 4:  # it dies here, and then has time for one batch
                again = opened(10, name=f"cut{cut}")
                for attempt in again.begin():
                    plays.play(again, attempt)
                again.settle()
        assert tried(opened(10, name=f"cut{cut}")) == expected


def test_more_trials_go_on_where_fewer_ended(opened: Opened, player: Any) -> None:
    few = opened(4)
    player(near).finish(few)
    first = tried(few)
    more = opened(8)
    player(near).finish(more)
    assert tried(more)[:4] == first
    assert more.over == 8


def test_a_trial_that_was_cut_off_keeps_what_it_has_scored(opened: Opened, player: Any) -> None:
    study = opened()
    attempt = study.begin()[1]
    folder = RunFolder.create(study.task(attempt).folder, attempt.case.config)
    write_metrics(folder.metrics, [Metric(number, study.sweep.objective.name, 0.1 * number) for number in (1, 2)])
    again = opened().begin()
    assert [one.number for one in again] == [0, 1, 2, 3]
    assert again[1].scores == {1: 0.1, 2: pytest.approx(0.2)}
    assert again[1].settings == attempt.settings
    assert folder.config.is_file()


def test_a_folder_with_another_run_in_a_trials_place_is_cleared(opened: Opened) -> None:
    study = opened()
    first, second, *_ = study.begin()
    folder = RunFolder.create(study.task(second).folder, first.case.config)
    opened().begin()
    assert not folder.path.exists()


def test_failures_are_counted_and_named(opened: Opened, player: Any) -> None:
    study, plays = opened(4), player(near)
    first, second, third, fourth = study.begin()
    plays.play(study, first)
    study.hear(second, Event("failed", "x", why="no memory"))
    study.hear(third, Event("done", "x"))
    name = str(study.sweep.objective.name)
    study.hear(fourth, Event("round", "x", 6, 1.0, {name: math.nan}))
    study.hear(fourth, Event("done", "x"))
    assert [attempt.why for attempt in study.settle()] == [
        "",
        "no memory",
        "there is no accuracy of the validation rows",
        "its accuracy is not a finite number",
    ]
    found = study.found
    assert found is not None
    assert (found.done, found.pruned, found.failed) == (1, 0, 3)


def test_where_the_first_fails_all_ends_and_is_tried_again(opened: Opened, player: Any) -> None:
    study, plays = opened(4), player(near)
    first, *others = study.begin()
    for attempt in others:
        plays.play(study, attempt)
    study.hear(first, Event("failed", "x", why="no labels"))
    assert study.settle() == []
    assert study.why == "no labels"
    again = opened(4)
    assert again.over == 0
    plays.finish(again)
    assert again.over == 4


def test_what_was_stopped_is_run_again(opened: Opened, player: Any) -> None:
    study, plays = opened(4), player(near)
    first, *others = study.begin()
    for attempt in others:
        plays.play(study, attempt)
    study.hear(first, Event("stopped", "x"))
    assert study.settle() == []
    assert study.why == ""
    assert len(opened(4).begin()) == 4


def test_what_is_large_is_deleted_once_the_outcome_is_known(opened: Opened, player: Any) -> None:
    study, plays = opened(4), player(near)
    batch = study.begin()
    folders = [RunFolder.create(study.task(attempt).folder, attempt.case.config) for attempt in batch]
    for folder in folders:
        folder.checkpoint.write_bytes(b"weights")
        folder.write_json(folder.population, {})
        write_metrics(folder.metrics, [])
    for attempt in batch:
        plays.play(study, attempt)
        assert all(folder.checkpoint.exists() for folder in folders)
    study.settle()
    for folder in folders:
        assert sorted(path.name for path in folder.path.iterdir()) == ["config.toml", "metrics.parquet"]


def test_a_torn_journal_is_mended(opened: Opened, player: Any, tmp_path: Path) -> None:
    study, plays = opened(4), player(near)
    plays.finish(study)
    expected = tried(study)
    journal = tmp_path / "sweep" / "journal.log"
    whole = journal.read_bytes()
    journal.write_bytes(whole + whole.splitlines()[-1][:20])
    (tmp_path / "sweep" / "journal.log.lock").symlink_to("journal.log")
    more = opened(6)
    assert journal.read_bytes().startswith(whole)
    assert tried(more) == expected
    plays.finish(more)
    assert more.over == 6


def test_a_damaged_journal_is_named(opened: Opened, tmp_path: Path) -> None:
    opened(4).begin()
    journal = tmp_path / "sweep" / "journal.log"
    lines = journal.read_text().splitlines(keepends=True)
    journal.write_text("".join([lines[0], "{\n", *lines[1:]]))
    with pytest.raises(UserError, match=r"journal\.log is damaged \(.*\): delete .*sweep to search anew"):
        opened(4)


def test_one_process_at_a_time(make_sweep: Any, tmp_path: Path) -> None:
    first, second = (Study(make_sweep(), tmp_path / "sweep") for _ in range(2))
    with first.alone(), pytest.raises(UserError, match=r"another process works on .*: wait for it"), second.alone():
        pass


def test_folders_of_something_else_are_left_alone(make_sweep: Any, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    with pytest.raises(UserError, match="is there already and holds no search for settings"):
        Study(make_sweep(), tmp_path / "mine")
    Study(make_sweep(), tmp_path / "other")
    with pytest.raises(UserError, match="holds another search for settings"):
        Study(make_sweep(rounds=7), tmp_path / "other")
    Study(make_sweep(60), tmp_path / "other")


def test_a_search_of_an_older_version_goes_on(make_sweep: Any, tmp_path: Path) -> None:
    Study(make_sweep(), tmp_path / "sweep")
    file = tmp_path / "sweep" / "sweep.toml"
    text = file.read_text()
    older = text[: text.index("[run.network]")] + text[text.index("[run.term]") :]
    assert "topology" not in older
    file.write_text(older)
    Study(make_sweep(), tmp_path / "sweep")
    assert file.read_text() == text
    file.write_text(older.replace("rounds = ", "rounds = 1"))
    with pytest.raises(UserError, match="holds another search for settings"):
        Study(make_sweep(), tmp_path / "sweep")


def test_the_journal_is_optunas_own(opened: Opened, player: Any, tmp_path: Path) -> None:
    import optuna
    from optuna.storages.journal import JournalFileBackend

    study = opened(4)
    player(near).finish(study)
    for line in (tmp_path / "sweep" / "journal.log").read_text().splitlines():
        json.loads(line)
    storage = optuna.storages.JournalStorage(JournalFileBackend(str(tmp_path / "sweep" / "journal.log")))
    assert len(optuna.load_study(study_name="sweep", storage=storage).trials) == 4
