"""FedCMI on real data of three modalities."""

import json
from pathlib import Path

import pytest

SINGLE = ("audio", "image", "text")


@pytest.mark.download
def test_three_modalities_missing_from_clients_and_samples(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from counterpoint.cli.main import app

    monkeypatch.chdir(tmp_path)
    arguments = "run fedcmi --data tuxpaint --rounds 4 --clients 4 --partition iid --missing client:0.3 --quiet --json"
    with pytest.raises(SystemExit) as end:
        app(arguments.split())
    assert not end.value.code
    told = json.loads(capsys.readouterr().out)
    assert told["refused"] == 0
    scores = {
        name.split("/")[4]: value
        for name, value in told["metrics"].items()
        if name.startswith("accuracy/global/server/global_test/")
    }
    assert scores["audio+image+text"] > 0.3, "eight classes"
    found = {name.partition("/")[0] for name in told["metrics"]}
    assert {"fusion_gap", "contribution", "confidence", "majority"} <= found
    shares = [told["metrics"][f"contribution/global/server/global_test/{m}/before"] for m in SINGLE]
    nothing = told["metrics"]["majority/global/server/global_test/audio+image+text/before"]
    assert sum(shares) == pytest.approx(scores["audio+image+text"] - nothing, abs=1e-6), "shares add up"
    page = (Path(told["out"]) / "report.html").read_text(encoding="utf-8").lower()
    assert all(what in page for what in ("dominance", "contribution", *SINGLE))
