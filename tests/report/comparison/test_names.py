"""Names of methods that fit beside a plot."""

import pytest

from counterpoint.report.comparison.names import LETTERS, drawn_names


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("fedavg", "fedavg"),
        ("fedprox[mu=0.1]", "fedprox[mu=0.1]"),
        ("fedavg[train.lr=0.03]", "fedavg[lr=0.03]"),
        ("centralized[train.weight_decay=0.001]", "centra…zed[wd=0.001]"),
        ("fedadam[train.momentum=0.9]", "fedadam[mom=0.9]"),
        ("averyveryverylongnameofaclass", "averyveryvery…aclass"),
    ],
)
def test_a_name(label: str, name: str) -> None:
    assert drawn_names([label]) == {label: name}


def test_names_fit_and_differ() -> None:
    labels = [
        *(f"centralized[train.lr=0.03,train.weight_decay={decay},train.momentum=0.9]" for decay in (0.1, 0.2, 0.3)),
        "centralized[train.lr=0.03]",
    ]
    names = drawn_names(labels)
    assert len(set(names.values())) == 4
    assert all(len(name) <= LETTERS for name in names.values())
    assert names[labels[3]] == "centralized[lr=0.03]"
    assert [name[-2:] for name in names.values()][:3] == [" 1", " 2", " 3"]
