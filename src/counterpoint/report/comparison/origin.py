"""What it takes to do the same again: the file, the command, every setting, versions, data cards."""

import json
from collections.abc import Mapping
from typing import Any

from counterpoint.experiments import Variant
from counterpoint.report import units
from counterpoint.report.command import command_line
from counterpoint.report.comparison.evidence import Evidence
from counterpoint.report.parts import Code, Fold, Section, Table
from counterpoint.report.people import mapping
from counterpoint.report.sections.origin import card_section
from counterpoint.report.sections.population import people_section
from counterpoint.runs import RunConfig

SETTINGS = ("options", "train", "model", "evaluate", "exchange", "network", "simulate")


def failed(evidence: Evidence) -> Section:
    """Runs that failed, and why; runs that are not there yet."""
    facts = list(evidence.results.failures.items())
    if evidence.results.missing:
        facts.append(("not done yet", "\n".join(evidence.results.missing)))
    lead = "They are missing from all that follows: their cells are of fewer runs, or empty." if facts else ""
    return Section("failed", "Runs that are not there", lead, facts=facts)


def tuned(evidence: Evidence) -> Section:
    """Settings that a search found or a profile says."""
    comparison = evidence.results.comparison
    if not (comparison.tune or comparison.profile):
        return Section("tuned", "Settings found")
    rows = [
        [
            cell["data"],
            cell["method"],
            ", ".join(f"{key}={_word(value)}" for key, value in cell["settings"].items()) or "as usual",
        ]
        for cell in evidence.numbers["cells"]
        if cell["n"]
    ]
    if comparison.tune:
        trials = units.many(comparison.tune, "trial")
        lead = f"Each method was granted {trials} on each data, scored on validation data only, with a seed of its own."
    else:
        lead = f"Settings of the profile {comparison.profile}, which the file below names and does not hold."
    return Section("tuned", "Settings found", lead, tables=[Table(["data", "method", "settings"], rows, words=3)])


def again(evidence: Evidence) -> Section:
    """The command and its file, versions, every setting of each method, and each run by itself."""
    versions: dict[str, list[str]] = {}
    for told in evidence.populations.values():
        for name, version in mapping(told.get("versions")).items():
            versions.setdefault(name, [])
            versions[name] += [] if str(version) in versions[name] else [str(version)]
    facts = [(f"{name} version", ", ".join(found)) for name, found in versions.items()]
    codes = [Code("Command", "counterpoint compare comparison.toml"), Code("comparison.toml", evidence.file)]
    folds = [_settings(evidence), _runs(evidence)]
    lead = "The file says all that is compared; every setting as it was resolved is below it, and nothing is implicit."
    return Section("again", "To do it again", lead, facts=facts, codes=codes, folds=[fold for fold in folds if fold])


def _settings(evidence: Evidence) -> Fold | None:
    facts = [(variant.label, _of_variant(evidence, variant)) for variant in evidence.variants]
    facts = [(label, text) for label, text in facts if text]
    return Fold("Every setting of each method", facts) if facts else None


def _of_variant(evidence: Evidence, variant: Variant) -> str:
    """Settings by data; said once for data on which they are the same."""
    found: dict[str, list[str]] = {}
    for condition in evidence.conditions:
        if outcomes := evidence.results.of(variant, condition):
            found.setdefault(_listed(outcomes[0].case.config), []).append(condition.label)
    if len(found) == 1:
        return next(iter(found))
    return "\n".join(f"On {'; '.join(labels)}:\n{text}" for text, labels in found.items())


def _listed(config: RunConfig) -> str:
    whole: Mapping[str, Any] = config.model_dump(mode="json")
    parts = [f"{key} = {whole[key]}" for key in ("rounds", "participation", "engine", "stack", "device")]
    for section in SETTINGS:
        prefix = "" if section == "options" else f"{section}."
        parts += [f"{prefix}{key} = {_word(value)}" for key, value in whole[section].items()]
    return ", ".join(part for part in parts if not part.endswith(("= None", "= null")))


def _word(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _runs(evidence: Evidence) -> Fold | None:
    codes = []
    for condition in evidence.conditions:
        lines = []
        for variant in evidence.variants:
            if outcomes := evidence.results.of(variant, condition):
                lines.append(command_line(outcomes[0].case.config).replace(" \\\n ", ""))
        codes += [Code(condition.label, "\n".join(lines))] if lines else []
    return Fold("One run of each by itself", codes=codes) if codes else None


def data(evidence: Evidence) -> Section:
    """The data cards, and what was dealt out."""
    cards: dict[str, Fold] = {}
    dealt = []
    for condition in evidence.conditions:
        if told := evidence.populations.get(condition.label):
            card = card_section(mapping(told.get("card")))
            title = str(mapping(told.get("card")).get("title") or told.get("name", ""))
            cards.setdefault(str(mapping(told.get("card"))), Fold(f"Data card: {title}", card.facts))
            first = next(o for o in evidence.results.outcomes if o.case.condition == condition)
            what = f"Population: {condition.label}, as seed {first.case.seed} dealt it"
            print_of = [("fingerprint of the data", str(told["fingerprint"]))] if told.get("fingerprint") else []
            dealt.append(Fold(what, [*people_section(told).facts, *print_of]))
    return Section("data", "Data", folds=[*cards.values(), *dealt])
