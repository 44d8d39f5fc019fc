"""Every engine runs every method and term, and gives the same numbers. What is registered is tested."""

from collections.abc import Callable
from functools import cache, partial
from itertools import product
from typing import Any

import pytest
import torch

from counterpoint.data import Population
from counterpoint.engines import ENGINES, Engine
from counterpoint.exchange import Tensors
from counterpoint.methods import METHODS, FedAvg, Method, TrainSettings
from counterpoint.methods.aligning import Aligning
from counterpoint.methods.terms import TERMS, Term


def with_term(term: type[Term]) -> Method:
    method = FedAvg()
    method.take(term())
    return method


Make = Callable[..., Any]
ROUNDS = 3
TOLERANCE = 1e-5
MAY_REST = ("infiltrate.",)
"""Blocks that some clients' losses do not reach: nobody infiltrates the modality that dominates."""
MAKERS: dict[str, Callable[[], Method]] = {
    **METHODS,
    **{f"fedavg+{name}": partial(with_term, t) for name, t in TERMS.items()},
}
PEERS = {n for n, cls in METHODS.items() if cls.model_kind == "peer"}
PERSONAL = {"local", "mm-local", "clip-local"}
ALIGNING = {n: partial(cls, optimizer="sgd") for n, cls in METHODS.items() if issubclass(cls, Aligning)}
"""AdamW makes steps of what rounding leaves of gradients that are all but zero; tests of FedAID are in double."""
MAKERS |= ALIGNING
MAKERS["dmml-kd"] = partial(METHODS["dmml-kd"], orthogonality=0)
"""Rows that are dead in the tiny encoder are equal but for rounding, and their directions are made of that."""
SENDS_NO_WEIGHTS = {*PERSONAL, "fedmekt"}
SENDS_NOTHING = {"centralized", "mm-centralized", "clip-centralized", "server-only"}
RESTS = {"server-only": ("decoder.",)}
"""Blocks that a method has but does not train."""
SENDS = dict.fromkeys(("mm-fedavg", "mm-fedprox", "mm-moon", "dccae"), ("encoder.", "decoder."))
"""Of methods that send a part of their model: which."""
Result = tuple[Tensors, dict[str, Any], dict[tuple[str, int, str], int], dict[str, Tensors]]


@pytest.fixture(scope="module")
def results(make_engine: Make, make_population: Make, play: Make) -> Callable[[str, str, str, int], Result]:
    """Weights, memories, traffic and scores of a run; ragged clients, of whom two of three take part in a round."""
    people: Callable[[str], Population] = cache(lambda missing: make_population([5, 1, 14], missing=missing))

    @cache
    def run(engine_name: str, method_name: str, missing: str, seed: int) -> Result:
        return fresh(engine_name, method_name, missing, seed)

    def fresh(engine_name: str, method_name: str, missing: str, seed: int) -> Result:
        made = MAKERS[method_name]()
        engine: Engine = make_engine(
            made,
            people(missing),
            kind=ENGINES[engine_name],
            train=TrainSettings(epochs=2, batch_size=4, lr=made.usual_lr / 2),
            participation=0.67,
            seed=seed,
        )
        traffic: dict[tuple[str, int, str], int] = {}
        for _ in range(ROUNDS):
            play(engine)
            assert engine.log.refused == []
            for key, size in engine.log.traffic.items():
                traffic[key] = traffic.get(key, 0) + size
        method = engine.method
        answers = engine.ask(engine.clients, method.score_after, method.offer())
        scores = {str(client): answer.sums for client, answer in answers.items()}
        return method.weights, engine.memories(), traffic, scores

    run.fresh = fresh  # type: ignore[attr-defined]
    return run


def flat(values: Any, prefix: str = "") -> Tensors:
    """Tensors nested in mappings, by path."""
    if not isinstance(values, dict):
        return {prefix: values}
    return {path: t for name, v in values.items() for path, t in flat(v, f"{prefix}/{name}").items()}


everywhere = pytest.mark.parametrize("engine", sorted(ENGINES))
everything = pytest.mark.parametrize("method", sorted(MAKERS))
however = pytest.mark.parametrize("missing", ["client", "sample"])
"""Where clients lack modalities others have all of theirs: nothing missing is a part of it."""


@everywhere
@everything
@however
def test_it_learns_and_its_bytes_are_counted(
    results: Any, make_model: Make, make_population: Make, engine: str, method: str, missing: str
):
    weights, memories, traffic, _ = results(engine, method, missing, 0)
    assert all(bool(torch.isfinite(v).all()) for v in {**weights, **flat(memories)}.values())
    model = make_model(make_population(missing=missing), method=MAKERS[method]())
    initial = model.initial
    own = method in PERSONAL | PEERS
    learnt = [m["model"] for c, m in memories.items() if c.isdigit()] if own else [weights]
    assert learnt
    for tensors in learnt:
        names = [n for n in tensors if n.endswith("weight") and not n.startswith(MAY_REST)]
        names = [n for n in names if not model.layout[n].frozen and not n.startswith(RESTS.get(method, "-"))]
        if method == "clip-local" and len({n.split(".")[1] for n in names}) < 2:
            names = []  # one modality alone is no contrast
        assert not any(torch.equal(tensors[n], initial[n]) for n in names)
    if method in SENDS_NOTHING:
        assert traffic == {}
        return
    assert traffic and all(size > 0 for size in traffic.values())
    blocks = {b for _, _, b in traffic} & set(model.layout.blocks)
    sent = {block for block in model.layout.blocks if block.startswith(SENDS.get(method, ""))}
    assert blocks == (set() if method in SENDS_NO_WEIGHTS else sent)


@everywhere
@everything
def test_a_seed_decides_every_bit(results: Any, same: Make, engine: str, method: str):
    missing = "sample"
    first, second = results(engine, method, missing, 0), results.fresh(engine, method, missing, 0)
    assert same(first[0], second[0])
    assert same(flat(first[1]), flat(second[1]))
    assert first[2] == second[2]
    assert same(flat(first[3]), flat(second[3]))
    other = flat(results(engine, method, missing, 1)[3])
    assert not same(flat(first[3]), other), "and another seed decides otherwise"


@pytest.mark.parametrize(
    ("engine", "method", "missing"),
    list(product(sorted(set(ENGINES) - {"sequential"}), sorted(MAKERS), ("client", "sample"))),
)
def test_it_agrees_with_the_reference(results: Any, apart: Make, engine: str, method: str, missing: str):
    found, expected = results(engine, method, missing, 0), results("sequential", method, missing, 0)
    assert apart(found[0], expected[0]) < TOLERANCE
    assert flat(found[1]).keys() == flat(expected[1]).keys()
    for path, value in flat(expected[1]).items():
        assert torch.allclose(flat(found[1])[path].double(), value.double(), atol=TOLERANCE), path
    assert found[2] == expected[2], "the same bytes"
    for path, value in flat(expected[3]).items():
        atol = 0 if path.endswith("confusion") else 10 * TOLERANCE
        assert torch.allclose(flat(found[3])[path], value, rtol=0, atol=atol), path
