"""Synthetic radiographs and reports, which tell of the same things."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from counterpoint.data.sources.official.mimic_cxr import CLASSES, read
from counterpoint.data.sources.official.reports import used_part, words
from counterpoint.data.text import unspell
from counterpoint.data.twins import covidx, mimic_cxr, rsna
from counterpoint.data.twins.factors import Strength
from counterpoint.data.twins.radiograph import LOOKS, Sign, radiograph, write_radiograph
from counterpoint.data.twins.reports import EXTENTS, FORMS, report


def shown(sign: Sign, contrast: float = 1.0) -> torch.Tensor:
    """What a sign changes in a picture, [height, width]."""
    return radiograph([sign], contrast, 0.5, 1).float() - radiograph([], contrast, 0.5, 1).float()


def test_every_finding_but_none_has_a_look() -> None:
    assert tuple(LOOKS) == CLASSES[:-1]


@pytest.mark.parametrize("finding", LOOKS)
def test_a_finding_shows_and_more_so_with_contrast_and_extent(finding: str) -> None:
    faint, strong = (shown(Sign(finding, True, 0.5), contrast).abs().sum() for contrast in (0.2, 0.6))
    small, large = (shown(Sign(finding, True, extent)).abs().sum() for extent in (0.0, 1.0))
    assert 0 < faint < strong and small < large
    assert not shown(Sign(finding, True, 0.5), 0.0).any()


@pytest.mark.parametrize("finding", LOOKS)
def test_the_patients_left_is_to_the_right(finding: str) -> None:
    change = shown(Sign(finding, True, 0.5)).abs()
    left, right = change[:, :46].sum(), change[:, 46:].sum()
    if LOOKS[finding].both:
        assert torch.equal(change, shown(Sign(finding, False, 0.5)).abs())
        assert 0.5 < left / right < 2
    else:
        assert right > 3 * left


def test_pneumothorax_is_dark_and_effusion_is_light() -> None:
    assert shown(Sign("pneumothorax", True, 1.0)).sum() < 0 < shown(Sign("pleural effusion", True, 1.0)).sum()


def test_no_two_pictures_are_the_same_and_each_is_so_again() -> None:
    one, other, again = (radiograph([], 1.0, 0.5, key) for key in (1, 2, 1))
    assert one.dtype == torch.uint8 and one.shape == (112, 92)
    assert torch.equal(one, again) and not torch.equal(one, other)


def test_files_as_their_endings_say(tmp_path: Path) -> None:
    values = radiograph([], 1.0, 0.5, 1)
    for name, kind in (("a.png", "PNG"), ("a.jpg", "JPEG")):
        write_radiograph(tmp_path / name, values)
        with Image.open(tmp_path / name) as image:
            assert (image.format, image.mode, image.size) == (kind, "L", (92, 112))
            assert np.abs(np.array(image).astype(int) - values.numpy()).max() <= (0 if kind == "PNG" else 40)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("number", range(12))
def test_a_report_has_the_sections_that_are_asked_for_and_names_what_there_is(form: str, number: int) -> None:
    sign = Sign("pleural effusion", number % 2 == 0, number / 12)
    text = report([sign], form, number, 2, number)
    part = used_part(text)
    assert part.how == form
    said = " ".join(words(part.text))
    assert "pleural effusion" in said and f"on the {'left' if sign.left else 'right'}" in said
    assert EXTENTS[number // 4] in said
    assert "no pleural effusion" not in said
    assert ("WET READ" in text) == (number in (0, 9)) and "wet" not in said


def test_a_healthy_chest_is_told_without_findings() -> None:
    said = " ".join(words(used_part(report([], "both", 1, 1, 3)).text))
    assert said and not any(extent in said for extent in EXTENTS)


def test_picture_and_report_of_a_study_tell_of_the_same_side_and_extent(tmp_path: Path) -> None:
    sure = {"text": Strength(1.0, 1.0), "image": Strength(1.0, 1.0)}
    mimic_cxr.write(tmp_path, strength=sure)
    found = read(tmp_path)
    effusion = (found.samples.label == CLASSES.index("pleural effusion")).nonzero().flatten().tolist()
    told = [unspell(found.samples.x["text"][row]) for row in effusion]
    low = found.samples.x["image"][effusion][:, 0, 44:].float()
    on_left = [bool(picture[:, 34:].mean() > picture[:, :30].mean()) for picture in low]
    assert len(told) > 30
    assert [
        f"pleural effusion on the {side}" in text.replace(" is seen", "")
        for side, text in zip(("left" if left else "right" for left in on_left), told, strict=True)
    ].count(True) > 0.9 * len(told)


def test_without_pneumonia_something_else_may_be_seen() -> None:
    kinds = rsna.kinds()
    other = kinds.index("No Lung Opacity / Not Normal")
    assert rsna.signs(other, 0, kinds[other], 0.5)[0].finding in rsna.OTHERS
    assert rsna.signs(other, 1, kinds[other], 0.5)[0].finding in rsna.OPACITIES
    assert rsna.signs(0, 0, "Normal", 0.5) == []


def test_covid_is_on_both_sides_and_pneumonia_on_one() -> None:
    assert covidx.signs(0, 0, 0.5) == []
    assert len(covidx.signs(0, 1, 0.5)) == 1
    assert {sign.left for sign in covidx.signs(0, 2, 0.5)} == {True, False}
