"""UR Fall out of a folder in its official layout."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from counterpoint.data import Side, populate
from counterpoint.data.sources.official import urfall
from counterpoint.data.twins import urfall as twin
from counterpoint.errors import UserError

FALL, ACT = "urfall-cam0-falls.csv", "urfall-cam0-adls.csv"
FRAMES = 30


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the twin; not to be changed."""
    folder = tmp_path_factory.mktemp("urfall")
    twin.write(folder)
    return folder


@pytest.fixture
def made(tmp_path: Path) -> Callable[..., Path]:
    """A folder of two short sequences without frames; feature f of frame n is 100 f + n."""

    def make(label: Callable[[int], int] = lambda frame: -1) -> Path:
        for table, name in ((FALL, "fall-01"), (ACT, "adl-07")):
            lines = [
                f"{name},{frame},{label(frame)}," + ",".join(str(100 * f + frame) for f in range(8))
                for frame in range(1, FRAMES + 1)
            ]
            (tmp_path / table).write_text("\n".join([*lines, ""]))
            times = [f"{frame},{33 * (frame - 1)},1.0" for frame in range(1, FRAMES + 5)]
            (tmp_path / f"{name}-data.csv").write_text("\n".join(times))
            acc = [f"{time},1.0,{time},{-time},{time % 3}" for time in range(0, 33 * FRAMES + 200, 4)]
            (tmp_path / f"{name}-acc.csv").write_text("\n".join(acc))
        return tmp_path

    return make


def change(file: Path, line: int, cells: dict[int, str]) -> None:
    """Change cells of a line, the first being 1."""
    lines = file.read_text().split("\n")
    fields = lines[line - 1].split(",")
    for place, cell in cells.items():
        fields[place] = cell
    lines[line - 1] = ",".join(fields)
    file.write_text("\n".join(lines))


def frames_of(folder: Path, name: str, colour: tuple[int, int, int] = (51, 102, 204)) -> Path:
    """Frames of one colour, four wide to three high."""
    where = folder / f"{name}-cam0-rgb"
    where.mkdir()
    for number in range(1, FRAMES + 1):
        Image.new("RGB", (64, 48), colour).save(where / f"{where.name}-{number:03d}.png")
    return where


def test_rows_labels_and_sides(written: Path) -> None:
    found = urfall.read(written)
    assert found.task.classes == ("not lying", "falling", "lying")
    assert {m: tuple(x.shape[1:]) for m, x in found.samples.x.items()} == {
        "acce": (3, 24),
        "depth": (8, 24),
        "rgb": (144, 24),
    }
    assert found.samples.label[:8].tolist() == [0, 0, 0, 1, 1, 1, 2, 2], "36 frames each, a window every 12"
    assert found.owners == ("everyone",)
    names = list(dict.fromkeys(name for name, _, _ in twin.phases()))
    tested = [names[unit] for unit in found.samples.unit[found.side == Side.GLOBAL_TEST].unique().tolist()]
    assert [name[:3] for name in tested] == ["fal"] * 3 + ["adl"] * 4
    trained = set(found.samples.unit[found.side == Side.TRAIN].tolist())
    assert len(trained) == 63 and not trained & set(found.samples.unit[found.side == Side.GLOBAL_TEST].tolist())


def test_codes_are_classes_and_the_majority_decides(made: Callable[..., Path]) -> None:
    assert urfall.read(made(lambda frame: -1 if frame < 9 else 1)).samples.label.tolist() == [2, 2]
    assert urfall.read(made(lambda frame: 0 if frame < 13 else 1)).samples.label.tolist() == [1, 1], "equally many"
    assert urfall.read(made()).samples.label.tolist() == [0, 0]


def test_features_land_in_their_channels_standardised_for_each_sequence(made: Callable[..., Path]) -> None:
    folder = made()
    change(folder / FALL, 4, {3 + 5: "9999"})
    found = urfall.read(folder)
    marked = (found.samples.x["depth"] > 3).nonzero().tolist()
    assert marked == [[0, 5, 3]]
    expected = (np.arange(FRAMES) - 14.5) / np.sqrt((FRAMES**2 - 1) / 12)
    assert torch.allclose(found.samples.x["depth"][0, 2], torch.tensor(expected[:24]).float(), atol=1e-5)


def test_acceleration_is_that_nearest_in_time(made: Callable[..., Path]) -> None:
    folder = made()
    listed = urfall.sequences(folder)[0]
    found = urfall.acceleration(folder, listed)
    assert found[:4].tolist() == [[0, 0, 0], [32, -32, 2], [64, -64, 1], [100, -100, 1]]
    assert urfall.read(folder).samples.x["acce"][0, 1, 0] > urfall.read(folder).samples.x["acce"][0, 1, 1]


def test_frames_that_are_not_listed_are_passed_over(made: Callable[..., Path]) -> None:
    folder = made()
    lines = (folder / FALL).read_text().split("\n")
    (folder / FALL).write_text("\n".join(lines[4:10] + lines[12:]))
    listed = urfall.sequences(folder)[0]
    assert listed.frame[:8] == [5, 6, 7, 8, 9, 10, 13, 14]
    assert urfall.acceleration(folder, listed)[0].tolist() == [132, -132, 0]


def test_colours_are_means_of_tiles(tmp_path: Path) -> None:
    image = Image.new("RGB", (640, 480), (51, 102, 204))
    image.paste((255, 0, 0), (160, 160, 240, 240))
    image.save(tmp_path / "x.png")
    found = urfall.colours(tmp_path / "x.png").reshape(3, 6, 8)
    assert found[:, 4, 5] == pytest.approx([0.2, 0.4, 0.8], abs=1e-6)
    assert found[:, 2, 2] == pytest.approx([1.0, 0.0, 0.0], abs=0.1)
    Image.new("RGB", (480, 480)).save(tmp_path / "x.png")
    with pytest.raises(UserError, match=r"x.png is not four wide to three high, as the frames of UR Fall are\.$"):
        urfall.colours(tmp_path / "x.png")


def test_a_sequence_without_frames_lacks_rgb(made: Callable[..., Path]) -> None:
    folder = made()
    frames_of(folder, "fall-01")
    found = urfall.read(folder)
    assert found.samples.present["rgb"].tolist() == [True, False]
    assert found.card.counts["rows without rgb"] == 1
    tiles = found.samples.x["rgb"][0].reshape(3, 6, 8, 24)
    assert torch.allclose(tiles[:, 3, 4, 7], torch.tensor([0.2, 0.4, 0.8]), atol=1e-6)
    (folder / "fall-01-cam0-rgb/fall-01-cam0-rgb-009.png").unlink()
    with pytest.raises(
        UserError, match=r"there is no .*fall-01-cam0-rgb-009.png, which the tables list: the folder of"
    ):
        urfall.read(folder)


@pytest.mark.parametrize(
    ("cells", "complaint"),
    [
        ({2: "2"}, r"falls.csv, line 3: 2 is no label; labels are -1, 0, 1\.$"),
        ({0: "adl-01"}, r"falls.csv, line 3: 'adl-01' is not named as a sequence of this table is, as in fall-01\.$"),
        ({1: "2"}, r"falls.csv, line 3: frame 2 of fall-01 comes after frame 2\.$"),
        ({4: "much"}, r"falls.csv, line 3: could not convert string to float: 'much'; all columns but the first are"),
        ({4: "inf"}, r"falls.csv, line 3: a feature is not finite\.$"),
        ({4: "1,2"}, r"falls.csv, line 3: 12 columns, where there should be 11\.$"),
    ],
)
def test_wrong_lines_of_a_table(made: Callable[..., Path], cells: dict[int, str], complaint: str) -> None:
    folder = made()
    change(folder / FALL, 3, cells)
    with pytest.raises(UserError, match=complaint):
        urfall.read(folder)


def test_what_is_missing_is_named(made: Callable[..., Path]) -> None:
    folder = made()
    times = (folder / "fall-01-data.csv").read_text()
    (folder / "fall-01-data.csv").write_text("\n".join(times.split("\n")[:20]))
    with pytest.raises(
        UserError, match=r"fall-01-data.csv does not tell when frame 21 was taken, which the tables list"
    ):
        urfall.read(folder)
    (folder / "fall-01-data.csv").write_text(times.replace("33,", "NaN,", 1))
    with pytest.raises(UserError, match=r"fall-01-data.csv, line 2: frame or time is NaN\.$"):
        urfall.read(folder)
    (folder / "fall-01-acc.csv").write_text("0,1,2,3\n")
    with pytest.raises(UserError, match=r"fall-01-acc.csv, line 1: 4 columns, where there should be 5\.$"):
        urfall.read(folder)
    (folder / "fall-01-acc.csv").unlink()
    with pytest.raises(
        UserError, match=r"fall-01-acc.csv cannot be read \(No such file.*\): the folder of UR Fall holds"
    ):
        urfall.read(folder)
    (folder / ACT).unlink()
    with pytest.raises(
        UserError, match=r"urfall-cam0-adls.csv cannot be read \(No such file.*\): the folder of UR Fall"
    ):
        urfall.read(folder)


def test_the_folder_s_state_counts_its_frames(made: Callable[..., Path], cache: Path) -> None:
    folder = made()
    before = urfall.SOURCE.converted(folder)
    where = frames_of(folder, "adl-07")
    assert urfall.SOURCE.converted(folder) != before
    shutil.rmtree(where)
    assert urfall.SOURCE.converted(folder) == before


def test_proxy_tests_and_training_share_no_sequence(written: Path) -> None:
    dealt = populate(urfall.read(written), partition="dirichlet:10", clients=5, proxy=0.1, seed=0)
    assert dealt.proxy is not None and len(dealt.clients) == 5
    held = [dealt.proxy, dealt.test]
    tests, trained = ([getattr(c, side) for c in dealt.clients] for side in ("test", "train"))
    units = [{u for part in parts for u in part.unit.tolist()} for parts in ([held[0]], [held[1]], tests, trained)]
    assert all(units) and sum(map(len, units)) == len(set.union(*units))
