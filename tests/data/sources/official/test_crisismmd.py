"""CrisisMMD out of a folder in its official layout."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from counterpoint.data import Side
from counterpoint.data.images import picture
from counterpoint.data.sources.official import crisismmd
from counterpoint.data.text import unspell
from counterpoint.errors import UserError

TRAIN = "crisismmd_datasplit_all/task_informative_text_img_train.tsv"
TEST = "crisismmd_datasplit_all/task_informative_text_img_test.tsv"


def change(folder: Path, line: int, how: Callable[[list[str]], list[str]], name: str = TRAIN) -> None:
    """Change the fields of a line, the first being 1."""
    lines = (folder / name).read_text().split("\n")
    lines[line - 1] = "\t".join(how(lines[line - 1].split("\t")))
    (folder / name).write_text("\n".join(lines))


def put(place: int, value: str) -> Callable[[list[str]], list[str]]:
    return lambda fields: [*fields[:place], value, *fields[place + 1 :]]


def test_rows_labels_owners_and_sides(written: Path) -> None:
    found = crisismmd.read(written / "crisismmd")
    assert found.task.classes == ("not_informative", "informative")
    assert len(found.owners) == 7 and found.owners[0] == "california_wildfires"
    assert found.side.bincount().tolist() == [280, 84, 84]
    assert found.samples.x["image"].shape == (448, 3, 64, 64) and found.samples.x["text"].shape == (448, 160)
    assert found.samples.label[:5].tolist() == [1, 1, 1, 0, 0]
    assert found.owner[:41].bincount().tolist() == [40, 1]
    assert found.card.counts["rows left out, whose text and picture disagree"] == 28


def test_values_are_those_of_the_files(written: Path) -> None:
    folder = written / "crisismmd"
    found = crisismmd.read(folder)
    first = (folder / TRAIN).read_text().split("\n")[1].split("\t")
    assert torch.equal(found.samples.x["image"][0], picture(folder / first[4], 64))
    assert unspell(found.samples.x["text"][0]) == crisismmd.cleaned(first[3])
    assert first[3].startswith('RT @someone: "') and "http" in first[3]
    assert unspell(found.samples.x["text"][0]).startswith('rt @someone: "') and first[3].count('"') == 1


def test_texts_lose_links_and_capitals() -> None:
    assert crisismmd.cleaned("Flood  NOW https:/t.co/aB http\tat  ~") == "flood now http at ~"


def test_columns_are_found_by_name_and_a_last_empty_one_is_let_be(crisis: Path) -> None:
    lines = (crisis / TRAIN).read_text().rstrip("\n").split("\n")
    turned = ["\t".join([*line.split("\t")[::-1], ""]) for line in lines]
    (crisis / TRAIN).write_text("\r\n".join([*turned, ""]))
    found = crisismmd.read(crisis)
    assert len(found.samples) == 448 and found.samples.label[:5].tolist() == [1, 1, 1, 0, 0]


def test_a_tweet_that_is_tested_is_not_trained_on(crisis: Path) -> None:
    tested = (crisis / TEST).read_text().split("\n")[1].split("\t")[1]
    change(crisis, 4, put(1, tested))
    found = crisismmd.read(crisis)
    assert found.card.counts["rows left out, whose tweet is tested as well"] == 1
    assert int((found.side == Side.TRAIN).sum()) == 279 and int((found.side == Side.GLOBAL_TEST).sum()) == 84


def test_a_text_of_links_alone_is_missing(crisis: Path) -> None:
    change(crisis, 4, put(3, "https:/t.co/x"))
    found = crisismmd.read(crisis)
    assert found.samples.patterns() == {"image": 1, "image+text": 447}


@pytest.mark.parametrize(
    ("how", "complaint"),
    [
        (put(6, "maybe"), "label_text is 'maybe', which is neither of not_informative and informative"),
        (put(7, ""), "label_image is '', which is neither of"),
        (put(4, "data_image/none.jpg"), "there is no picture .*data_image/none.jpg"),
        (put(4, "../../secret.jpg"), r"the picture '../../secret.jpg' lies outside of .*CrisisMMD_v2.0"),
        (lambda fields: fields[:6], "6 fields, where the first line has 9"),
    ],
)
def test_wrong_lines(crisis: Path, how: Callable[[list[str]], list[str]], complaint: str) -> None:
    change(crisis, 4, how)
    with pytest.raises(UserError, match=rf"task_informative_text_img_train.tsv, line 4: {complaint}"):
        crisismmd.read(crisis)


def test_wrong_lists(crisis: Path) -> None:
    change(crisis, 1, put(3, "text"))
    with pytest.raises(UserError, match=r"train.tsv has no column 'tweet_text': the folder of CrisisMMD"):
        crisismmd.read(crisis)
    (crisis / TRAIN).unlink()
    with pytest.raises(UserError, match=r"train.tsv cannot be read \(No such file or directory\): the folder of"):
        crisismmd.read(crisis)


def test_nothing_agreed_on(crisis: Path) -> None:
    for name in crisismmd.LISTS:
        path = crisis / crisismmd.SPLITS / name
        path.write_text(path.read_text().split("\n")[0])
    with pytest.raises(UserError, match="has no row whose text and picture have the same label"):
        crisismmd.read(crisis)
