"""Tables with named columns, packed or not."""

import gzip
from pathlib import Path

import pytest

from counterpoint.data.sources.official.tables import packed_or_not, table
from counterpoint.errors import UserError


def test_cells_in_the_order_asked_for_and_where_they_stand(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('\ufeffx,y,z\r\n1,"2, 3",4\r\n\r\n5, 6 ,7,8\r\n', encoding="utf-8")
    found = list(table(tmp_path / "a.csv", ("z", "y"), "it holds"))
    assert found == [(f"{tmp_path / 'a.csv'}, line 2", ["4", "2, 3"]), (f"{tmp_path / 'a.csv'}, line 4", ["7", "6"])]


def test_packed(tmp_path: Path) -> None:
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"x,y\n1,2\n"))
    assert [cells for _, cells in table(tmp_path / "a.csv.gz", ("y",), "it holds")] == [["2"]]


def test_the_packed_file_comes_first(tmp_path: Path) -> None:
    assert packed_or_not(tmp_path, "a.csv.gz").name == "a.csv.gz"
    (tmp_path / "a.csv").touch()
    assert packed_or_not(tmp_path, "a.csv.gz").name == "a.csv"
    (tmp_path / "a.csv.gz").touch()
    assert packed_or_not(tmp_path, "a.csv.gz").name == "a.csv.gz"


@pytest.mark.parametrize(
    ("name", "data", "complaint"),
    [
        ("a.csv", b"x,z\n1,2\n", r"a\.csv has no column 'y': it holds z\."),
        ("a.csv", b"", r"a\.csv has no column 'x': it holds z\."),
        ("a.csv", b"x,y\n1\n", r"a\.csv, line 2: 1 fields, where the first line has 2\."),
        ("a.csv", b"x,y\n\xff,2\n", r"a\.csv cannot be read \('utf-8' codec .*\): it holds z\."),
        ("a.csv.gz", b"x,y\n1,2\n", r"a\.csv\.gz cannot be read \(Not a gzipped file .*\): it holds z\."),
        ("a.csv.gz", gzip.compress(b"x,y\n1,2\n" * 99)[:-9], r"a\.csv\.gz cannot be read \(Compressed file ended"),
        ("b.csv", b"", r"a\.csv cannot be read \(No such file or directory\): it holds z\."),
    ],
    ids=["no y", "empty", "short line", "no text", "not packed", "cut off", "absent"],
)
def test_what_cannot_be_read(tmp_path: Path, name: str, data: bytes, complaint: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(UserError, match=complaint):
        list(table(tmp_path / name.replace("b", "a"), ("x", "y"), "it holds z"))
