"""The openclipart source on tiny packages of the official layout, and on the real ones."""

import hashlib
import io
import os
import subprocess
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image

from counterpoint.data import Dataset, Side, populate, sources
from counterpoint.data.fetch import Pin, download_path
from counterpoint.data.sources import openclipart as source
from counterpoint.data.text import unspell
from counterpoint.randomness import fold_key

RED, BLUE, GREEN = (255, 0, 0), (0, 0, 255), (0, 255, 0)
SVG = """<?xml version="1.0"?><svg><title>no</title><metadata id="m"><rdf:RDF><cc:Work rdf:about="">
<dc:title>{title}</dc:title><dc:publisher><cc:Agent><dc:title>Open Clip Art</dc:title></cc:Agent></dc:publisher>
<dc:creator id="c"><cc:Agent><dc:title>{artist}</dc:title></cc:Agent></dc:creator></cc:Work></rdf:RDF></metadata></svg>
"""


def png(colour: tuple[int, ...], size: tuple[int, int] = (10, 20)) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", size, colour).save(made, "PNG")
    return made.getvalue()


def svg(title: str, artist: str) -> bytes:
    return SVG.format(title=title, artist=artist).encode()


class Link(str):
    """Where a symbolic link leads."""


class Same(str):
    """The file that a hard link shares its content with."""


PICTURES = {
    "animals/b_cat": png(RED),
    "animals/a_link_to_cat": Link("b_cat.png"),
    "animals/dog": Link("../unsorted/dog.png"),
    "unsorted/dog": png(BLUE),
    "food/cake": png(GREEN),
    "food/pie": Same("food/cake"),
    "food/untitled": png((1, 2, 3)),
    "tools/cat_again": png(RED),
    "tools/lost": Link("../tools/nowhere.png"),
    "tools/saw": Link("chain/one.png"),
    "tools/chain/one": Link("../chain/two.png"),
    "tools/chain/two": png((9, 9, 9), (700, 1400)),
    "buildings/house": png((4, 4, 4)),
    "shapes/stars/star": png((5, 5, 5)),
    "signs_and_symbols/stop_sign_miguel_s_nchez_": b"nobody reads this",
}
NOTES = {
    "animals/b_cat": svg("Cat", "Ann"),
    "animals/a_link_to_cat": svg("Linked Cat", "Bob (bob@home)"),
    "animals/dog": Link("../unsorted/dog.svg"),
    "unsorted/dog": svg("Dog &amp;amp; bone", "ANN"),
    "food/cake": svg("sweet", "Ann"),
    "food/pie": svg("Pie", "Ann"),
    "food/untitled": svg(" ", "Ann"),
    "tools/cat_again": svg("Cat", "Ann"),
    "tools/lost": svg("Lost", "Ann"),
    "tools/saw": b"<svg><metadata><dc:title>SWEET</dc:title></metadata></svg>",
    "tools/chain/one": b"<svg/>",
    "tools/chain/two": b"<svg/>",
    "buildings/house": svg("House", "Ann"),
    "shapes/stars/star": svg("Star", "Ann"),
    "signs_and_symbols/stop_sign_miguel_s_nchez_": svg("Stop", "Ann"),
}


def deb(root: Path, kind: str, files: Mapping[str, bytes | str]) -> Path:
    """Build a package with `dpkg-deb`, which keeps links of both kinds."""
    (root / "DEBIAN").mkdir(parents=True)
    (root / "DEBIAN" / "control").write_text(
        f"Package: openclipart-{kind}\nVersion: 1\nArchitecture: all\nMaintainer: x <x@localhost>\nDescription: tiny\n"
    )
    folder = root / "usr" / "share" / "openclipart" / kind
    (root / "usr" / "share" / "doc").mkdir(parents=True)
    (root / "usr" / "share" / "doc" / f"readme.{kind}").write_bytes(b"no picture")
    for name, content in files.items():
        path = folder / f"{name}.{kind}"
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Link):
            path.symlink_to(content)
        elif isinstance(content, Same):
            os.link(folder / f"{content}.{kind}", path)
        else:
            path.write_bytes(content)
    command = ["dpkg-deb", "--root-owner-group", "-Zxz", "-z1", "--build", str(root)]
    subprocess.run(command, check=True, capture_output=True)
    return root.with_suffix(".deb")


@pytest.fixture
def packages(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tiny packages in the cache in place of the real ones."""
    for name, kind, files in (("PNG", "png", PICTURES), ("SVG", "svg", NOTES)):
        pin: Pin = getattr(source, name)
        made = deb(tmp_path / kind, kind, files)
        monkeypatch.setattr(source, name, replace(pin, sha256=hashlib.sha256(made.read_bytes()).hexdigest()))
        path = download_path(pin.filename)
        path.parent.mkdir(parents=True, exist_ok=True)
        made.rename(path)


@pytest.fixture
def tiny(packages: None) -> Dataset:
    return sources.load("openclipart")


def test_titled_pictures_of_the_categories_the_first_of_each_like(tiny: Dataset) -> None:
    assert [unspell(row) for row in tiny.samples.x["text"]] == ["Linked Cat", "Dog & bone", "sweet", "SWEET"]
    assert [source.CLASSES[label] for label in tiny.samples.label] == ["animals", "animals", "food", "tools"]


def test_links_lead_to_pictures_and_to_titles(tiny: Dataset) -> None:
    middle = (tiny.samples.x["image"][:, :, 24, 24] * 255).round().int()
    assert [tuple(row) for row in middle.tolist()] == [RED, BLUE, GREEN, (9, 9, 9)]
    assert (tiny.samples.x["image"][:, :, :, :10] == 1).all(), "tall pictures stand between white bands"


def test_artists_are_owners_whatever_the_spelling(tiny: Dataset) -> None:
    assert tiny.owners == ("unknown", "ANN", "Bob")
    assert tiny.owner.tolist() == [2, 1, 1, 0]


def test_a_series_is_one_artists_pictures_under_one_title(
    packages: None, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        source,
        "notes",
        lambda _: {
            "animals/dog": ("Same title", "Ann"),
            "food/cake": ("same title", "ann"),
            "tools/saw": ("same title", "Bob"),
        },
    )
    assert source.build().samples.unit.tolist() == [0, 0, 1]


def test_built_values_are_bytes(packages: None) -> None:
    built = source.build()
    assert {values.dtype for values in built.samples.x.values()} == {torch.uint8}
    assert all(there.all() for there in built.samples.present.values())


def test_held_out_artists() -> None:
    artists = [f"artist {i}" for i in range(50) for _ in range(1 + i % 4)] + ["large"] * 40 + [""] * 9
    held = source.held_out_artists(artists)
    rows = Counter(artists)
    assert sum(rows[artist] for artist in held) == round(0.2 * len(artists))
    assert not held & {"large", ""}
    assert source.held_out_artists(sorted(artists)) == held
    first = min(set(artists) - {"large", ""}, key=lambda artist: fold_key(0, "openclipart", "held out", artist))
    assert first in held


def test_an_artist_who_would_exceed_the_share_is_passed_over() -> None:
    artists = [f"artist {i}" for i in range(20) for _ in range(5)]
    assert len(source.held_out_artists(artists)) == 4
    assert len(source.held_out_artists(artists + [""] * 20)) == 4, "24 rows have room for four times five"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (SVG.format(title=" A  cat ", artist="Ann"), ("A cat", "Ann")),
        (SVG.format(title="", artist="Ann"), ("", "Ann")),
        ("<svg><dc:title>outside</dc:title></svg>", ("", "")),
        ("<svg><metadata><dc:title>Cat</dc:title></metadata></svg>", ("Cat", "")),
        ("", ("", "")),
    ],
)
def test_note(text: str, found: tuple[str, str]) -> None:
    assert source.note(text) == found


@pytest.fixture(scope="module")
def whole() -> Dataset:
    return sources.load("openclipart")


@pytest.mark.download
def test_the_card_tells_the_truth(whole: Dataset) -> None:
    sides = Counter(whole.side.tolist())
    assert whole.card is source.CARD
    assert whole.card.classes == whole.task.classes == tuple(sorted(source.CLASSES))
    for pin in (source.PNG, source.SVG):
        assert f"{pin.requirement} {pin.sha256}" in whole.card.checksum
    assert whole.card.modalities == {
        m.name: f"{m.kind}, {' x '.join(map(str, m.shape))}, {m.unit}" for m in whole.modalities.values()
    }
    assert whole.card.counts == {
        "rows": len(whole.samples),
        "train rows": sides[Side.TRAIN],
        "client test rows": sides[Side.CLIENT_TEST],
        "global test rows": sides[Side.GLOBAL_TEST],
        "series": len(whole.samples.unit.unique()),
        "artists": len(whole.owner.unique()) - 1,
        "artists held out": len(whole.owner[whole.side == Side.GLOBAL_TEST].unique()),
        "rows of unknown artists": int((whole.owner == whole.owners.index("unknown")).sum()),
        "classes": len(whole.samples.label.unique()),
        "titles cut": int((whole.samples.x["text"][:, -1] > 0).sum()),
        "pictures too large to read": len(source.TOO_LARGE),
    }


@pytest.mark.download
def test_the_traps_tell_the_truth(whole: Dataset) -> None:
    rows = len(whole.samples)
    large = whole.owner.bincount().sort(descending=True).values
    assert (large > 0.05 * rows).sum() == 6
    assert int(large[:6].sum()) / rows == pytest.approx(0.58, abs=0.005)
    series = whole.samples.unit.bincount()
    assert 0.5 < int(series[series > 1].sum()) / rows < 0.55
    for side, share in ((Side.TRAIN, 0.37), (Side.GLOBAL_TEST, 0.27)):
        computer = whole.samples.label[whole.side == side] == source.CLASSES.index("computer")
        assert computer.float().mean().item() == pytest.approx(share, abs=0.005)


@pytest.mark.download
def test_the_global_test_is_of_new_people(whole: Dataset) -> None:
    held = whole.side == Side.GLOBAL_TEST
    assert not set(whole.owner[held].tolist()) & set(whole.owner[~held].tolist())
    assert not set(whole.samples.unit[held].tolist()) & set(whole.samples.unit[~held].tolist())
    assert whole.samples.label[held].bincount().min() >= 19
    assert whole.owner[held].bincount().max() < 0.1 * held.sum()


@pytest.mark.download
def test_no_two_pictures_are_alike(whole: Dataset) -> None:
    assert len({values.numpy().tobytes() for values in whole.samples.x["image"]}) == len(whole.samples)


@pytest.mark.download
def test_rows_per_class(whole: Dataset) -> None:
    assert dict(zip(whole.task.classes, whole.samples.label.bincount().tolist(), strict=True)) == {
        "animals": 276,
        "computer": 1745,
        "food": 330,
        "geography": 131,
        "office": 122,
        "people": 345,
        "plants": 67,
        "recreation": 480,
        "shapes": 204,
        "signs_and_symbols": 974,
        "tools": 122,
        "transportation": 158,
    }


@pytest.mark.download
def test_each_modality_stands_alone(whole: Dataset) -> None:
    for name in ("image", "text"):
        assert whole.samples.present[name].all()
        alone = whole.only([name])
        assert (tuple(alone.modalities), len(alone.samples)) == ((name,), 4954)
    assert (whole.samples.x["text"][:, 0] > 0).all()
    assert 0 <= whole.samples.x["image"].min() < whole.samples.x["image"].max() <= 1


@pytest.mark.download
def test_no_client_trains_on_what_another_is_tested_on(whole: Dataset) -> None:
    for partition, clients in (("natural", 31), ("dirichlet:0.5", 10)):
        people = populate(whole, partition=partition)
        assert len(people.clients) == clients
        trained, tested = (
            {unit for one in people.clients for unit in getattr(one, split).unit.tolist()}
            for split in ("train", "test")
        )
        assert not trained & tested
        assert not (trained | tested) & set(people.test.unit.tolist())
