"""The emoji source on tiny tarballs of the official layout, and on the real ones."""

import hashlib
import io
import json
import tarfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image

from counterpoint.data import Dataset, Side, populate, sources
from counterpoint.data.fetch import download_path
from counterpoint.data.sources import emoji as source
from counterpoint.data.text import unspell

SHADES = {"google": 200, "twitter": 100}


def entry(number: int, category: str, name: str, **drawn: bool) -> dict[str, object]:
    code = f"{number:04X}"
    both = {f"has_img_{vendor}": drawn.get(vendor, True) for vendor in SHADES}
    return (
        {"name": name, "short_name": "short", "unified": code, "image": f"{code.lower()}.png"}
        | both
        | {"category": category}
    )


LISTED = [
    *(entry(0x100 + i, "Food & Drink", f"DISH {i}") for i in range(10)),
    *(entry(0x90 + i, "Flags", f"Flag {i} é") for i in range(5)),
    entry(0x1F3FB, "Component", "EMOJI MODIFIER"),
    entry(0x80, "Symbols", "ONLY GOOGLE", twitter=False),
]


def tarball(vendor: str) -> bytes:
    files = {"package/package.json": b"{}", "package/img/other/64/0100.png": b"not read"}
    for place, one in enumerate(LISTED):
        picture = io.BytesIO()
        Image.new("RGBA", (64, 64), (SHADES[vendor], place, 0, 255)).save(picture, "PNG")
        if one[f"has_img_{vendor}"]:
            files[f"package/img/{vendor}/64/{one['image']}"] = picture.getvalue()
    files["package/emoji.json"] = json.dumps(LISTED).encode()  # after the pictures, so that no order is relied upon
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return made.getvalue()


@pytest.fixture
def tiny(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    pins = {}
    for vendor, pin in source.PINS.items():
        content = tarball(vendor)
        path = download_path(pin.filename)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        pins[vendor] = replace(pin, sha256=hashlib.sha256(content).hexdigest())
    monkeypatch.setattr(source, "PINS", pins)
    return sources.load("emoji")


def test_rows_are_what_each_vendor_has_drawn(tiny: Dataset) -> None:
    assert tiny.owners == ("google", "twitter")
    assert tiny.owner.tolist() == [0] * 16 + [1] * 15
    names = [unspell(row) for row in tiny.samples.x["text"]]
    flags, dishes = [f"flag {i} é" for i in range(5)], [f"dish {i}" for i in range(10)]
    assert names == ["only google", *flags, *dishes, *flags, *dishes]
    labels = [source.CLASSES.index(name) for name in ("Symbols", "Flags", "Food & Drink")]
    assert tiny.samples.label.tolist() == [labels[0], *([labels[1]] * 5 + [labels[2]] * 10) * 2]


def test_both_drawings_of_an_emoji_are_one_unit_on_one_side(tiny: Dataset) -> None:
    assert tiny.samples.unit.tolist() == [*range(16), *range(1, 16)]
    assert tiny.side[1:16].tolist() == tiny.side[16:].tolist()
    assert Counter(tiny.side.tolist()) == {Side.GLOBAL_TEST: 6, Side.TRAIN: 25}, "of 5 flags 1, of 10 dishes 2"


def test_a_picture_is_its_own_emoji(tiny: Dataset) -> None:
    place = {str(one["name"]).lower(): place for place, one in enumerate(LISTED)}
    assert tiny.samples.x["image"].shape == (31, 3, 48, 48)
    for row, owner in enumerate(tiny.owner.tolist()):
        shade = SHADES[tiny.owners[owner]], place[unspell(tiny.samples.x["text"][row])], 0
        assert tiny.samples.x["image"][row].flatten(1).T.unique(dim=0).mul(255).round().tolist() == [list(shade)]


def test_built_values_are_bytes(tiny: Dataset) -> None:
    assert {values.dtype for values in source.build().samples.x.values()} == {torch.uint8}


def test_classes_are_sorted() -> None:
    assert list(source.CLASSES) == sorted(source.CLASSES)
    assert len(source.CLASSES) == 9


@pytest.fixture(scope="module")
def whole() -> Dataset:
    return sources.load("emoji")


def seen_in_training(whole: Dataset) -> int:
    pictures = [values.numpy().tobytes() for values in whole.samples.x["image"]]
    test = (whole.side == Side.GLOBAL_TEST).tolist()
    trained = {picture for picture, held in zip(pictures, test, strict=True) if not held}
    return sum(picture in trained for picture, held in zip(pictures, test, strict=True) if held)


@pytest.mark.download
def test_the_card_tells_the_truth(whole: Dataset) -> None:
    sides = Counter(whole.side.tolist())
    assert whole.card is source.CARD
    assert whole.card.classes == whole.task.classes
    assert all(
        pin.sha256 in whole.card.checksum and pin.requirement in whole.card.checksum for pin in source.PINS.values()
    )
    assert whole.card.modalities == {
        m.name: f"{m.kind}, {' x '.join(map(str, m.shape))}, {m.unit}" for m in whole.modalities.values()
    }
    assert whole.card.counts == {
        "rows": len(whole.samples),
        "train rows": sides[Side.TRAIN],
        "client test rows": sides[Side.CLIENT_TEST],
        "global test rows": sides[Side.GLOBAL_TEST],
        "emoji": len(whole.samples.unit.unique()),
        "vendors": len(whole.owner.unique()),
        "classes": len(whole.samples.label.unique()),
        "names cut": sum(unspell(row).endswith("circle arrows wi") for row in whole.samples.x["text"]),
        "test pictures that are in training too": seen_in_training(whole),
    }


@pytest.mark.download
def test_every_emoji_is_there_twice_with_one_name_label_and_side(whole: Dataset) -> None:
    by_unit = whole.samples.unit.argsort(stable=True).view(1906, 2)
    assert whole.owner[by_unit].tolist() == [[0, 1]] * 1906
    for values in (whole.samples.x["text"], whole.samples.label, whole.side):
        assert torch.equal(values[by_unit[:, 0]], values[by_unit[:, 1]])
    assert whole.samples.label.bincount().tolist() == [170, 318, 540, 262, 528, 772, 338, 448, 436]


@pytest.mark.download
def test_a_fifth_of_each_category_is_held_out(whole: Dataset) -> None:
    held = whole.samples.label[whole.side == Side.GLOBAL_TEST].bincount()
    assert held.tolist() == [2 * round(0.1 * rows) for rows in whole.samples.label.bincount().tolist()]


@pytest.mark.download
def test_each_modality_stands_alone(whole: Dataset) -> None:
    for name in ("image", "text"):
        assert whole.samples.present[name].all()
        alone = whole.only([name])
        assert (tuple(alone.modalities), len(alone.samples)) == ((name,), 3812)
        assert alone.samples.x[name].flatten(1).amax(1).gt(0).all()
    assert 0 <= whole.samples.x["image"].min() < whole.samples.x["image"].max() <= 1


@pytest.mark.download
def test_no_client_trains_on_what_another_is_tested_on(whole: Dataset) -> None:
    for partition, clients in (("natural", 2), ("dirichlet:0.5", 10)):
        people = populate(whole, partition=partition)
        assert len(people.clients) == clients
        trained, tested = (
            {unit for one in people.clients for unit in getattr(one, split).unit.tolist()}
            for split in ("train", "test")
        )
        held = set(people.test.unit.tolist())
        assert not trained & tested
        assert not (trained | tested) & held
        assert len(trained | tested | held) == 1906
