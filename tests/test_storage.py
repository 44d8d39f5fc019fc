import os
from pathlib import Path

import pytest
import torch

from counterpoint.storage import TEMPORARY, digest, write_atomically


def test_a_file_is_written_and_replaced(tmp_path: Path):
    path = tmp_path / "state"
    write_atomically(path, b"old")
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert [p.name for p in tmp_path.iterdir()] == ["state"]


@pytest.mark.parametrize("fault", ["fsync", "replace"])
def test_a_death_while_writing_leaves_the_old_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str):
    path = tmp_path / "state"
    write_atomically(path, b"old")
    seen: list[list[bytes]] = []

    def dies(*_: object) -> None:
        seen.append([p.read_bytes() for p in tmp_path.iterdir() if p.name.endswith(TEMPORARY)])
        raise KeyboardInterrupt

    monkeypatch.setattr(os if fault == "fsync" else Path, fault, dies)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, b"new and longer")
    assert seen == [[b"new and longer"]], "the new content was whole beside the old"
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["state"]


def test_it_is_on_the_disk_before_it_takes_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    steps: list[str] = []
    fsync, replace = os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda file: (steps.append("flush"), fsync(file))[1])
    monkeypatch.setattr(Path, "replace", lambda a, b: (steps.append("rename"), replace(a, b))[1])
    write_atomically(tmp_path / "state", b"x")
    assert steps == ["flush", "rename", "flush"]


def test_a_missing_folder_is_an_error_and_leaves_nothing(tmp_path: Path):
    with pytest.raises(FileNotFoundError):
        write_atomically(tmp_path / "no" / "state", b"x")
    assert list(tmp_path.iterdir()) == []


BASE = {"a": torch.tensor([1.0, 2.0]), "b": torch.tensor([[3]])}


@pytest.mark.parametrize(
    "other",
    [
        {},
        {"a": BASE["a"]},
        {"a": torch.tensor([1.0, 2.5]), "b": BASE["b"]},
        {"a": BASE["a"].double(), "b": BASE["b"]},
        {"a": BASE["a"], "b": torch.tensor([3])},
        {"a": BASE["a"], "c": BASE["b"]},
        {"a": torch.tensor([2.0, 1.0]), "b": BASE["b"]},
        {"a": BASE["a"], "b": BASE["b"].int()},
    ],
)
def test_a_digest_tells_values_names_types_and_shapes_apart(other: dict[str, torch.Tensor]):
    assert digest(other) != digest(BASE)


def test_a_digest_is_of_the_content_alone():
    assert digest(dict(reversed(BASE.items()))) == digest({n: v.clone() for n, v in BASE.items()}) == digest(BASE)
    turned = torch.arange(6.0).reshape(2, 3).T
    assert digest({"a": turned}) == digest({"a": turned.contiguous()})
    assert digest(BASE, "text") != digest(BASE)
    assert len(digest({})) == 64


def test_any_type_and_shape_has_a_digest():
    odd = {"none": torch.zeros(0, 3), "one": torch.tensor(True), "half": torch.ones(2, dtype=torch.bfloat16)}
    assert digest(odd) == digest(odd)
