"""The tables of the page."""

import textwrap

from benchmarks.speed.contestants import BY_KEY
from benchmarks.speed.figures import Figures, Record
from benchmarks.speed.goals import GOALS
from benchmarks.speed.write import NONE, middle, spread, table

MS, US, PERCENT = 1e3, 1e6, 100.0
PER_ROW = 2 * (2 * (64 * 200 + 200 * 10)) + 2 * 200 * 10
"""Operations a row of the 64-200-10 perceptron: forward, gradients of weights, gradient of the hidden layer."""


def goals(figures: Figures, words: dict[str, str]) -> str:
    """What was aimed at, measured, met; and a line of explanation for each that was not met."""
    rows, short = [], []
    for goal in GOALS:
        met = goal.met(figures)
        said = {None: "not measured", True: "yes", False: "**no**"}[met]
        rows.append([goal.text, spread(goal.figure(figures), unit="×"), said])
        if met is False:
            text = f"* {goal.text}: {words.get(goal.key, '*not explained yet.*')}"
            short.append(textwrap.fill(" ".join(text.split()), 120, subsequent_indent="  "))
    found = table(["goal", "measured", "met"], rows)
    return "\n\n".join([found, *(["Not met:\n\n" + "\n".join(short)] if short else [])])


def rounds(figures: Figures, case: Record) -> str:
    """Who takes how long for a round."""
    rows = []
    for name in case["contestants"]:
        key = case["key"]
        if why := figures.failed(key, name):
            rows.append([BY_KEY[name].title, f"not measured: {why}", *[NONE] * 4])
            continue
        ratio = figures.ratio((key, name), (key, "stacked"))
        rows.append(
            [
                BY_KEY[name].title,
                spread(figures.a_round(key, name), MS),
                "1" if name == "stacked" else spread(ratio),
                middle(figures.first(key, name), MS),
                middle(figures.total(key, name)),
                middle(figures.accuracy(key, name), PERCENT),
            ]
        )
    head = [
        "",
        "ms a round",
        "times as long as Counterpoint, stacked",
        "first round, ms",
        "all rounds, s",
        "accuracy, %",
    ]
    return table(head, rows)


def arithmetic(figures: Figures, case: Record) -> str:
    """What the arithmetic of a round of the perceptron takes at the rate of a matrix product."""
    rate, ours = figures.gflops(), figures.a_round(case["key"], "stacked")
    if rate is None or ours is None:
        return ""
    work = PER_ROW * case["rows"] * case["epochs"] / 1e9
    least = work / rate.middle
    return (
        f"Arithmetic: {work:.3f} GFLOP a round, which at {middle(rate)} GFLOP/s (a 512 x 512 matrix product on one "
        f"thread, measured between the others) would take {least * MS:.2f} ms. Counterpoint's stacked engine takes "
        f"{ours.middle / least:.1f} times that."
    )


def missing(figures: Figures) -> str:
    """Time of a round by how much is owned."""
    cases = figures.section("missing")
    names = {
        "both": "all own both sensors",
        "half": "half own both, a quarter each sensor alone",
        "one": "half own each sensor alone",
    }
    rows = [
        [
            names[case["variant"]],
            f"{case['pairs']} ({case['pairs'] / cases[0]['pairs']:.2f} of the first)",
            spread(figures.a_round(case["key"], "stacked"), MS),
            spread(figures.ratio((case["key"], "stacked"), (cases[0]["key"], "stacked"))),
        ]
        for case in cases
    ]
    return table(["clients", "(client, modality) pairs owned", "ms a round", "of the first"], rows)


def scale(figures: Figures) -> str:
    """Time and memory by the number of clients."""
    cases, rows = figures.section("scale"), []
    for case in cases:
        key, last = case["key"], figures.memory(case["key"], -1)
        ratio = figures.ratio((key, "stacked"), (cases[0]["key"], "stacked"))
        rows.append(
            [
                f"{case['clients']:,}",
                spread(figures.a_round(key, "stacked")),
                spread(figures.client_round(key, "stacked"), US),
                spread(ratio and ratio.times(cases[0]["clients"] / case["clients"])),
                spread(figures.memory(key, 1)),
                spread(last),
                middle(last, 1e3 / case["clients"]),
            ]
        )
    head = [
        "clients",
        "s a round",
        "µs a client-round",
        "of the first",
        "MB after round 1",
        "after the last",
        "kB a client",
    ]
    return table(head, rows)


def overhead(figures: Figures) -> str:
    """What a client-round costs in which next to nothing is learned."""
    cases = figures.section("overhead")
    everyone = dict.fromkeys(name for case in cases for name in case["contestants"])
    rows = []
    for name in everyone:
        cells = [BY_KEY[name].title]
        for case in cases:
            why = figures.failed(case["key"], name) if name in case["contestants"] else "not run"
            found = figures.client_round(case["key"], name)
            cells += [why or spread(found, US), spread(figures.ratio((case["key"], name), (case["key"], "stacked")))]
        rows.append(cells)
    head = [""]
    for case in cases:
        head += [f"µs a client-round, {case['clients']:,} clients", "times as long as stacked"]
    return table(head, rows)


def profile(figures: Figures) -> str:
    """Where a round's time goes, by case."""
    found = {key: shares for key in figures.cases if sum((shares := figures.profile(key, "stacked")).values())}
    if not found:
        return ""
    kinds = [kind for kind in next(iter(found.values())) if any(shares.get(kind) for shares in found.values())]
    rows = [
        [key, *(f"{MS * shares[k]:.1f} ({100 * shares[k] / sum(shares.values()):.0f} %)" for k in kinds)]
        for key, shares in found.items()
    ]
    return table(["ms a round (share)", *kinds], rows)
