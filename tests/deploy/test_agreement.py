"""What sites agreed on, and what the server knows of them."""

from pathlib import Path
from typing import Any

import pytest
import tomli_w

from counterpoint.deploy.agreement import Agreement, unlabelled
from counterpoint.errors import UserError

TOLD: dict[str, Any] = {
    "classes": ["ill", "well"],
    "modalities": {"ecg": {"kind": "sequence", "shape": [1, 8]}, "labs": {"kind": "table", "shape": [2]}},
    "sites": {
        "0": {"name": "north", "modalities": ["labs", "ecg"]},
        "1": {"name": "south", "modalities": ["labs"]},
    },
}


def written(folder: Path, told: dict[str, Any]) -> Path:
    path = folder / "agreement.toml"
    path.write_text(tomli_w.dumps(told))
    return path


def test_the_server_knows_who_has_what_and_not_one_row(tmp_path: Path):
    agreement = Agreement.read(written(tmp_path, TOLD))
    assert agreement.roster() == {0: ("ecg", "labs"), 1: ("labs",)}
    found = agreement.population("hearts")
    assert [(c.id, c.name, c.modalities, len(c.train), len(c.test)) for c in found.clients] == [
        (0, "north", ("ecg", "labs"), 0, 0),
        (1, "south", ("labs",), 0, 0),
    ]
    assert found.task.classes == ("ill", "well")
    assert found.modalities["ecg"].shape == (1, 8)
    assert len(found.test) == 0
    assert found.proxy is None
    assert found.server is None


def table(folder: Path, header: str, *rows: str) -> str:
    folder.mkdir()
    (folder / "data.csv").write_text("\n".join([header, *rows]) + "\n")
    return str(folder)


ONE: dict[str, Any] = {
    "classes": ["ill", "well"],
    "modalities": {"labs": {"kind": "table", "shape": [2]}},
    "sites": {"0": {"name": "north", "modalities": ["labs"]}},
}
ROWS = ("well,1,2", "ill,3,4") * 6


def test_rows_of_the_servers_own(tmp_path: Path):
    agreement = Agreement.read(written(tmp_path, ONE))
    where = table(tmp_path / "test", "label,labs.salt,labs.sugar", *ROWS)
    found = agreement.population("hearts", test=where, proxy=where, labelled=where)
    assert found.proxy is not None
    assert found.server is not None
    assert found.test.label.tolist() == found.server.label.tolist()
    assert set(found.proxy.label.tolist()) == {-1}
    assert len(found.test) == len(found.proxy) == 12
    assert unlabelled(found.test).x is found.test.x


def test_what_the_server_holds_must_be_as_agreed(tmp_path: Path):
    agreement = Agreement.read(written(tmp_path, TOLD))
    where = table(tmp_path / "test", "label,labs.salt,labs.sugar", *ROWS)
    with pytest.raises(UserError, match="has no ecg: what the server holds needs all agreed modalities"):
        agreement.population("hearts", test=where)
    alien = table(tmp_path / "alien", "label,labs.salt,labs.sugar", "dead,1,2", *ROWS)
    with pytest.raises(UserError, match=r"unknown class of data\.csv line 2 'dead'"):
        Agreement.read(written(tmp_path, ONE)).rows(alien)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"sites": {"1": {"name": "a", "modalities": ["labs"]}}}, "sites must be numbered 0, 1, 2"),
        ({"sites": {}}, "sites must be numbered 0, 1, 2"),
        ({"sites": {"0": {"name": "a", "modalities": ["mri"]}}}, "sites.0 has 'mri', which is not under"),
        ({"sites": {"0": {"name": "a", "modalities": []}}}, "sites.0 has no modality"),
        ({"colour": "red"}, "colour"),
        ({"modalities": {"ecg": {"kind": "smell", "shape": [1]}}}, "kind"),
    ],
)
def test_what_is_wrong_is_told_in_a_sentence(change: dict[str, Any], complaint: str, tmp_path: Path):
    with pytest.raises(UserError, match=complaint):
        Agreement.read(written(tmp_path, TOLD | change))


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path):
    with pytest.raises(UserError, match=r"cannot read .*nothing\.toml"):
        Agreement.read(tmp_path / "nothing.toml")
    (tmp_path / "bad.toml").write_text("classes = [")
    with pytest.raises(UserError, match=r"bad\.toml is not valid TOML"):
        Agreement.read(tmp_path / "bad.toml")
