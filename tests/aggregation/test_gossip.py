from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from counterpoint.aggregation import gossip
from counterpoint.aggregation.gossip import consensus_distance, metropolis, mix, mixing_matrix, row
from counterpoint.simulate.graph import Graph
from counterpoint.simulate.topology import parse_topology

CONNECTED = ("ring", "grid", "complete", "star", "geometric", "erdos-renyi:0.5", "small-world:2,0.2")


def everyone(peers: int) -> Tensor:
    return torch.ones(peers, dtype=torch.bool)


def those(peers: int, *some: int) -> Tensor:
    found = torch.zeros(peers, dtype=torch.bool)
    found[list(some)] = True
    return found


def joined(text: str, peers: int, seed: int = 0) -> Graph:
    return parse_topology(text).graph(peers, seed=seed, round=1)


def matrix(graph: Graph, active: Tensor | None = None, owners: Tensor | None = None) -> Tensor:
    edges, weights = metropolis(graph.edges, everyone(graph.peers) if owners is None else owners)
    return mixing_matrix(edges, weights, everyone(graph.peers) if active is None else active)


def mixed(values: Tensor, graph: Graph, active: Tensor | None = None) -> Tensor:
    """Of peers who all own."""
    every = everyone(graph.peers)
    edges, weights = metropolis(graph.edges, every)
    return mix(values, torch.arange(graph.peers), edges, weights, every if active is None else active)


def second(p: Tensor) -> float:
    """The second largest modulus of the eigenvalues of a symmetric matrix."""
    return float(torch.linalg.eigvalsh(p).abs().sort().values[-2])


def is_mixing(p: Tensor, graph: Graph, active: Tensor) -> None:
    """Acceptance property 4, but for connectedness."""
    assert bool((p >= 0).all())
    assert torch.equal(p, p.T)
    assert bool(((p.sum(0) - 1).abs() < 1e-12).all() and ((p.sum(1) - 1).abs() < 1e-12).all())
    off = ~torch.eye(len(p), dtype=torch.bool)
    for a, b in graph.edges.tolist():
        if active[a] and active[b]:
            off[a, b] = off[b, a] = False
            assert p[a, b] > 0
    assert bool((p[off] == 0).all())
    assert bool((p.diag() > 0).all())


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    peers = draw(st.integers(2, 9))
    every = [(a, b) for a in range(peers) for b in range(a)]
    return Graph.of(peers, draw(st.sets(st.sampled_from(every))))


def random(graph: Graph, *shape: int, dtype: torch.dtype = torch.float32, seed: int = 0) -> Tensor:
    return torch.randn(graph.peers, *shape, generator=torch.Generator().manual_seed(seed)).to(dtype)


def test_a_path_of_three_by_hand():
    path = Graph.of(3, [(0, 1), (1, 2)])
    edges, weights = metropolis(path.edges, everyone(3))
    assert edges.tolist() == [[0, 1], [1, 2]]
    assert weights.dtype == torch.float64 and weights.tolist() == [1 / 3, 1 / 3]
    third = torch.tensor([[2.0, 1, 0], [1, 1, 1], [0, 1, 2]], dtype=torch.float64) / 3
    assert torch.allclose(matrix(path), third, rtol=0, atol=1e-15)
    assert mixed(torch.tensor([0.0, 3.0, 9.0]), path).tolist() == [1.0, 4.0, 7.0]


def test_a_star_of_four_by_hand():
    star = joined("star", 4)
    quarter = torch.tensor([[1.0, 1, 1, 1], [1, 3, 0, 0], [1, 0, 3, 0], [1, 0, 0, 3]], dtype=torch.float64) / 4
    assert torch.equal(matrix(star), quarter)
    assert mixed(torch.tensor([[4.0], [8.0], [0.0], [-4.0]]), star).tolist() == [[2.0], [7.0], [1.0], [-2.0]]


def test_degrees_count_owners_only():
    """Peer 1 does not own: its edges count for nothing, and peer 0 has two neighbours, not three."""
    graph = Graph.of(5, [(0, 1), (0, 2), (0, 3), (1, 4), (3, 4)])
    edges, weights = metropolis(graph.edges, those(5, 0, 2, 3, 4))
    assert edges.tolist() == [[0, 2], [0, 3], [3, 4]]
    assert weights.tolist() == [1 / 3, 1 / 3, 1 / 3]
    p = mixing_matrix(edges, weights, everyone(5))
    assert p[1].tolist() == p[:, 1].tolist() == [0, 1, 0, 0, 0]
    assert metropolis(graph.edges, those(5, 1, 2))[0].shape == (0, 2)


def test_rows_of_owners_are_found_by_their_numbers():
    graph = Graph.of(5, [(0, 1), (0, 3), (1, 4), (3, 4)])
    owners = those(5, 0, 3, 4)
    edges, weights = metropolis(graph.edges, owners)
    found = mix(torch.tensor([0.0, 3.0, 9.0]), torch.tensor([0, 3, 4]), edges, weights, everyone(5))
    assert found.tolist() == [1.0, 4.0, 7.0]


def test_neighbours_keep_the_weight_of_the_silent():
    path = Graph.of(3, [(0, 1), (1, 2)])
    p = matrix(path, those(3, 0, 1))
    third = torch.tensor([[2.0, 1, 0], [1, 2, 0], [0, 0, 3]], dtype=torch.float64) / 3
    assert torch.allclose(p, third, rtol=0, atol=1e-15)
    assert p[2].tolist() == [0, 0, 1]
    assert mixed(torch.tensor([0.0, 3.0, 9.0]), path, those(3, 0, 1)).tolist() == [1.0, 2.0, 9.0]
    assert torch.equal(matrix(path, those(3, 0, 2)), torch.eye(3, dtype=torch.float64))  # whom nobody hears


@given(graphs(), st.integers(0, 2**9 - 1), st.integers(0, 2**9 - 1))
def test_property_4_on_any_graph_with_any_owners_and_any_silent(graph: Graph, own: int, speak: int):
    owners = torch.tensor([bool(own >> i & 1) for i in range(graph.peers)])
    active = torch.tensor([bool(speak >> i & 1) for i in range(graph.peers)])
    p = matrix(graph, active, owners)
    is_mixing(p, graph, active & owners)
    alone = ~(active & owners)
    assert torch.equal(p[alone], torch.eye(graph.peers, dtype=torch.float64)[alone])


@pytest.mark.parametrize("text", CONNECTED)
@pytest.mark.parametrize("peers", [2, 3, 10, 31])
def test_connected_graphs_mix_and_distance_decays_geometrically(text: str, peers: int):
    if text.startswith("small") and peers == 2:
        text = "ring"
    graph = joined(text, peers)
    p = matrix(graph)
    is_mixing(p, graph, everyone(peers))
    rate = second(p)
    assert rate < 1 - 1e-6
    values = random(graph, 7, dtype=torch.float64)
    mean, first = values.mean(0), consensus_distance(values)
    before = first
    for times in range(1, 31):
        values = mixed(values, graph)
        assert torch.allclose(values.mean(0), mean, rtol=0, atol=1e-12)
        now = consensus_distance(values)
        assert now <= before + 1e-14
        assert now <= rate**times * first + 1e-12
        before = now


@given(graphs(), st.integers(0, 2**9 - 1))
@settings(deadline=None)
def test_mean_stays_and_distance_never_grows_with_silent_peers(graph: Graph, speak: int):
    active = torch.tensor([bool(speak >> i & 1) for i in range(graph.peers)])
    values = random(graph, 5, dtype=torch.float64)
    found = mixed(values, graph, active)
    assert torch.allclose(found.mean(0), values.mean(0), rtol=0, atol=1e-13)
    assert consensus_distance(found) <= consensus_distance(values) + 1e-14
    assert torch.equal(found[~active], values[~active])


@given(graphs(), st.data())
def test_those_who_speak_agree_where_they_are_connected(graph: Graph, data: st.DataObject):
    """Whatever other edges there are, to them and to the silent."""
    chain = data.draw(st.lists(st.sampled_from(range(graph.peers)), min_size=2, unique=True))
    graph = Graph.of(graph.peers, [*map(tuple, graph.edges.tolist()), *pairwise(chain)])
    active = those(graph.peers, *chain)
    assert second(matrix(graph, active)[active][:, active]) < 1 - 1e-6


@given(graphs(), st.sampled_from([torch.float32, torch.float64, torch.bfloat16]), st.integers(0, 2**9 - 1))
@settings(deadline=None)
def test_mix_is_the_product_with_the_matrix(graph: Graph, dtype: torch.dtype, speak: int):
    active = torch.tensor([bool(speak >> i & 1) for i in range(graph.peers)])
    values = random(graph, 3, 2, dtype=dtype)
    found = mixed(values, graph, active)
    product = torch.tensordot(matrix(graph, active), values.double(), 1)
    assert (found.dtype, found.shape) == (dtype, values.shape)
    assert torch.allclose(found.double(), product, rtol=torch.finfo(dtype).eps, atol=1e-14)


@pytest.mark.parametrize("text", ["none", "ring", "complete", "geometric"])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
def test_equal_rows_stay_equal_to_the_bit(text: str, dtype: torch.dtype):
    for peers in (2, 5, 9, 40):
        graph = joined(text, peers)
        same = random(graph, 300, dtype=dtype)[:1].expand(peers, -1)
        assert torch.equal(mixed(same, graph), same)
        assert torch.equal(mixed(same, graph, torch.arange(peers) % 3 != 1), same)


@pytest.mark.parametrize("text", ["ring", "small-world:4,0.3", "geometric"])
def test_information_travels_a_hop_a_mixing(text: str):
    graph = joined(text, 24)
    plain = random(graph, 3)
    other = plain.clone()
    other[0] += 1.0
    reached = {0}
    for _ in range(4):
        plain, other = mixed(plain, graph), mixed(other, graph)
        reached |= {near for peer in reached for near in graph.neighbours(peer)}
        moved = {peer for peer in range(24) if not torch.equal(plain[peer], other[peer])}
        assert moved <= reached
    assert len(moved) > 4


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("text", ["ring", "small-world:4,0"])
def test_what_is_not_finite_spoils_only_those_who_hear_it(bad: float, dtype: torch.dtype, text: str):
    """Also where the matrix is so full that the product is a dense one."""
    graph = joined(text, 8)
    assert len(graph.edges) * 2 >= gossip.DENSE * 64
    values = random(graph, 3, dtype=dtype)
    clean = mixed(values, graph)
    values[0] = bad
    near = [0, *graph.neighbours(0)]
    far = [peer for peer in range(8) if peer not in near]
    found = mixed(values, graph)
    assert torch.equal(found[far], clean[far])
    assert not found[near].isfinite().any()
    assert mixed(values, graph, torch.arange(8) != 0)[1:].isfinite().all()


def test_whole_numbers_are_the_largest_of_the_neighbourhood():
    path = Graph.of(4, [(0, 1), (1, 2), (2, 3)])
    counts = torch.tensor([5, 1, 2, 9])
    found = mixed(counts, path)
    assert found.dtype == torch.int64 and found.tolist() == [5, 5, 9, 9]
    assert mixed(counts, path, those(4, 0, 1, 2)).tolist() == [5, 5, 2, 9]
    assert counts.tolist() == [5, 1, 2, 9]
    assert mixed(counts[:, None].repeat(1, 2), path).tolist() == [[5, 5], [5, 5], [9, 9], [9, 9]]
    assert row(counts[1], [(counts[0], 0.3), (counts[2], 0.3)]).item() == 5


@pytest.mark.parametrize("text", ["complete", "geometric"])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_columns_come_in_chunks(text: str, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch):
    graph = joined(text, 20)
    values = random(graph, 5, 13, dtype=dtype)
    whole, before = mixed(values, graph), values.clone()
    for most in (1, 20 * 8 * 7 * 2):
        monkeypatch.setattr(gossip, "BYTES_AT_ONCE", most)
        assert torch.allclose(mixed(values, graph), whole, rtol=2 * torch.finfo(dtype).eps, atol=1e-14)
    assert torch.equal(values, before)


@pytest.mark.parametrize("text", ["complete", "geometric", "star"])
def test_a_row_is_what_mix_makes_of_it(text: str):
    """Of those it hears; silent neighbours leave their weight to itself."""
    graph, active = joined(text, 12), torch.arange(12) % 4 != 3
    edges, weights = metropolis(graph.edges, everyone(12))
    values = random(graph, 400)
    found = mixed(values, graph, active)
    same = 0
    for peer in active.nonzero().flatten().tolist():
        heard = [
            (values[a + b - peer], float(weight))
            for (a, b), weight in zip(edges.tolist(), weights, strict=True)
            if peer in (a, b) and active[a + b - peer]
        ]
        own = row(values[peer], heard)
        assert own.dtype == torch.float32
        assert torch.allclose(own, found[peer], rtol=1e-6, atol=1e-9)
        same += int((own == found[peer]).sum())
    assert same > 0.99 * 400 * int(active.sum())


def test_a_row_by_hand():
    own, one, other = torch.tensor([3.0, 0.0]), torch.tensor([0.0, 8.0]), torch.tensor([9.0, 4.0])
    assert row(own, [(one, 0.25), (other, 0.5)]).tolist() == [5.25, 4.0]
    assert torch.equal(row(own, []), own)
    assert torch.equal(row(own, [(own.clone(), 0.3), (own.clone(), 1 / 3)]), own)


def test_consensus_distance_by_hand():
    assert consensus_distance(torch.tensor([[0.0, 0.0], [6.0, 8.0]])) == 5.0
    assert consensus_distance(torch.tensor([1.0, 3.0])) == 1.0
    assert consensus_distance(torch.ones(4, 2, 3)) == 0.0


def test_a_thousand_peers():
    graph = joined("geometric", 1000)
    edges, weights = metropolis(graph.edges, everyone(1000))
    values = random(graph, 60_000)
    found = mix(values, torch.arange(1000), edges, weights, everyone(1000))
    some = torch.tensor([0, 1, 17, 30_000, 59_999])
    product = mixing_matrix(edges, weights, everyone(1000)) @ values[:, some].double()
    assert torch.allclose(found[:, some].double(), product, rtol=1e-6, atol=1e-9)
    assert torch.allclose(found[:, :99].double().mean(0), values[:, :99].double().mean(0), rtol=0, atol=1e-7)
