"""Frozen encoders in the configuration and the name of a run."""

from pathlib import Path

import pytest

from counterpoint.runs.naming import default_name
from counterpoint.runs.start import configured


def test_a_folder_is_found_from_anywhere_and_named_shortly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    config = configured("fedavg", "emoji", features={"image": "hf:models/vit", "text": "minilm"})
    assert config.data.features == {"image": f"hf:{tmp_path / 'models' / 'vit'}", "text": "minilm"}
    assert default_name(config) == "fedavg-emoji-image-vit-text-minilm-seed0"
    assert configured("fedavg", "emoji").data.features == {}
