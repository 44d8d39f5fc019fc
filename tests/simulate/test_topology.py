from pathlib import Path

import networkx
import pytest
import torch

from counterpoint.errors import UserError
from counterpoint.simulate.graph import SIDE, Graph
from counterpoint.simulate.topology import Topology, kinds, parse_topology

DRAWN = ("geometric", "erdos-renyi:0.3", "small-world:4,0.2")


def graph(text: str, peers: int, seed: int = 0, round: int = 1) -> Graph:
    return parse_topology(text).graph(peers, seed=seed, round=round)


def pairs(text: str, peers: int) -> list[list[int]]:
    return graph(text, peers).edges.tolist()


def same(a: Graph, b: Graph) -> bool:
    places = a.places is b.places is None or (a.places is not None and torch.equal(a.places, b.places))
    return places and torch.equal(a.edges, b.edges)


def apart(found: Graph) -> torch.Tensor:
    return (found.places[:, None] - found.places[None]).norm(dim=2)


def test_ring_by_hand():
    assert pairs("ring", 4) == [[0, 1], [0, 3], [1, 2], [2, 3]]
    assert [pairs("ring", n) for n in (1, 2, 3)] == [[], [[0, 1]], [[0, 1], [0, 2], [1, 2]]]
    assert graph("ring", 11).degrees.tolist() == [2] * 11


def test_grid_by_hand():
    assert pairs("grid", 4) == [[0, 1], [0, 2], [1, 3], [2, 3]]
    assert pairs("grid", 5) == [[0, 1], [0, 3], [1, 2], [1, 4], [3, 4]]
    assert sorted(graph("grid", 9).degrees.tolist()) == [2, 2, 2, 2, 3, 3, 3, 3, 4]


def test_other_fixed_ones_by_hand():
    assert pairs("complete", 4) == [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]]
    assert pairs("star", 4) == [[0, 1], [0, 2], [0, 3]]
    assert pairs("none", 4) == []


@pytest.mark.parametrize("text", ["ring", "grid", "complete", "star", "none"])
def test_fixed_ones_have_no_chance_and_no_places(text: str):
    for peers in range(1, 30):
        found = graph(text, peers)
        assert same(found, graph(text, peers, seed=9, round=5))
        assert found.peers == peers and found.places is None
        assert found.connected == (text != "none" or peers == 1)


@pytest.mark.parametrize("text", DRAWN)
def test_drawn_ones_follow_from_the_seed_and_stay_in_all_rounds(text: str):
    first = graph(text, 20)
    assert all(same(first, graph(text, 20, round=round)) for round in (2, 3, 50))
    assert not same(first, graph(text, 20, seed=1))


@pytest.mark.parametrize("text", DRAWN)
def test_varying_ones_follow_from_seed_and_round(text: str):
    rounds = [graph(f"varying:{text}", 20, round=round) for round in range(1, 6)]
    assert all(same(found, graph(f"varying:{text}", 20, round=n)) for n, found in enumerate(rounds, start=1))
    assert not any(same(a, b) for n, a in enumerate(rounds) for b in rounds[:n])
    assert not same(rounds[1], graph(f"varying:{text}", 20, seed=1, round=2))


@pytest.mark.parametrize("peers", [1, 2, 10, 40, 120])
def test_geometric_joins_all_within_the_smallest_radius_that_connects(peers: int):
    for seed in range(25):
        found = graph("geometric", peers, seed)
        assert found.connected
        assert found.places.shape == (peers, 2) and bool((found.places >= 0).all() and (found.places <= SIDE).all())
        if peers == 1:
            continue
        far, (a, b) = apart(found), found.edges.T
        longest = float(far[a, b].max())
        joined = torch.zeros(peers, peers, dtype=torch.bool)
        joined[a, b] = True
        assert not bool(((far < longest - 1e-9).triu(1) & ~joined).any())  # nobody within it is left out
        shorter = found.edges[far[a, b] < longest - 1e-9]
        assert not Graph(peers, shorter).connected


def test_geometric_by_the_longest_edge_of_the_shortest_spanning_tree():
    found = graph("geometric", 30, 3)
    tree = networkx.minimum_spanning_tree(networkx.from_numpy_array(apart(found).numpy()))
    longest = max(weight for *_, weight in tree.edges(data="weight"))
    assert float(apart(found)[tuple(found.edges.T)].max()) == pytest.approx(longest, abs=1e-9)


def test_geometric_with_a_radius():
    found = graph("geometric:150", 20)
    assert torch.equal(found.edges, (apart(found) <= 150).triu(1).nonzero())
    assert torch.equal(found.places, graph("geometric", 20).places)


def test_too_small_a_radius_is_refused_and_the_one_it_names_will_do():
    for seed in range(20):
        with pytest.raises(UserError, match=r"'geometric:5' leaves some of 20 peers alone: the smallest .* is") as said:
            graph("geometric:5", 20, seed)
        named = str(said.value).split()[-2]
        assert graph(f"geometric:{named}", 20, seed).connected
        assert graph(f"geometric:{named}", 20, seed).edges.shape == graph("geometric", 20, seed).edges.shape


def test_varying_peers_move_and_may_be_alone_in_later_rounds():
    moved = [graph("varying:geometric:90", 20, round=round).places for round in (2, 3)]
    assert not torch.equal(*moved)
    assert not all(graph("varying:geometric:75", 20, round=round).connected for round in range(2, 40))
    assert not all(graph("varying:erdos-renyi:0.15", 20, round=round).connected for round in range(2, 20))


def test_erdos_renyi_is_connected_and_as_dense_as_asked():
    found = [graph("erdos-renyi:0.3", 30, seed) for seed in range(40)]
    assert all(one.connected and one.places is None for one in found)
    share = sum(len(one.edges) for one in found) / (40 * 435)
    assert 0.28 < share < 0.32
    assert pairs("erdos-renyi:1", 5) == pairs("complete", 5)


def test_erdos_renyi_is_drawn_again_until_it_is_connected():
    """Half of all such graphs are not; those that stay all are."""
    assert all(graph("erdos-renyi:0.2", 15, seed).connected for seed in range(30))
    later = [graph("varying:erdos-renyi:0.2", 15, seed, round=2).connected for seed in range(30)]
    assert 3 < sum(later) < 27


def test_erdos_renyi_that_never_connects_is_refused():
    with pytest.raises(UserError, match=r"'erdos-renyi:0.01' of 50 peers came out unconnected 100 times: raise P"):
        graph("erdos-renyi:0.01", 50)


def test_small_worlds():
    ring = graph("small-world:4,0", 10)
    assert ring.degrees.tolist() == [4] * 10
    assert ring.neighbours(0) == (1, 2, 8, 9)
    moved = graph("small-world:4,0.5", 30)
    assert moved.connected and len(moved.edges) == 60
    assert not torch.equal(moved.edges, graph("small-world:4,0", 30).edges)
    with pytest.raises(UserError, match="needs more than 4 peers, not 4"):
        graph("small-world:4,0.1", 4)


def written(folder: Path, text: str) -> str:
    path = folder / "edges.txt"
    path.write_text(text, encoding="utf-8")
    return f"edges:{path}"


def test_edges_out_of_a_file(tmp_path: Path):
    text = written(tmp_path, "# who with whom\n0 1\n3,1  # and back\n\n 1 , 3\n2\t0\n")
    found = graph(text, 5)
    assert found.edges.tolist() == [[0, 1], [0, 2], [1, 3]]
    assert found.peers == 5 and found.places is None


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("1 4", r"edges\.txt, line 3: there are 4 peers, numbered 0 to 3, not 1 and 4"),
        ("-1 2", r"edges\.txt, line 3: there are 4 peers"),
        ("2 2", r"edges\.txt, line 3: peer 2 does not talk to itself"),
        ("1", r"edges\.txt, line 3: '1' are not two numbers of peers"),
        ("1 2 3", r"edges\.txt, line 3: '1 2 3' are not two"),
        ("a b", r"edges\.txt, line 3: 'a b' are not two"),
        ("0.5 1", r"edges\.txt, line 3: '0.5 1' are not two"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, line: str, words: str):
    with pytest.raises(UserError, match=words):
        graph(written(tmp_path, f"0 1\n# and\n{line}\n"), 4)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path):
    with pytest.raises(UserError, match=r"cannot read the edges in .*missing\.txt: No such file"):
        graph(f"edges:{tmp_path / 'missing.txt'}", 4)
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match=r"cannot read the edges in .*bytes: it is no text"):
        graph(f"edges:{tmp_path / 'bytes'}", 4)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("rng", "unknown topology 'rng': did you mean 'ring'"),
        ("", "unknown topology ''"),
        ("ring:3", "topology 'ring' has no numbers: leave out '3'"),
        ("geometric:far", "'geometric:far' is not understood: write geometric or geometric:METRES"),
        ("geometric:0", "the radius must be above 0"),
        ("geometric:nan", "not understood"),
        ("geometric:inf", "not understood"),
        ("erdos-renyi", "write erdos-renyi:P"),
        ("erdos-renyi:0", "above 0 and at most 1"),
        ("erdos-renyi:1.1", "above 0 and at most 1"),
        ("erdos-renyi:nan", "not understood"),
        ("small-world:4", "write small-world:K,P"),
        ("small-world:1,0.1", "K must be a whole number from 2 up"),
        ("small-world:2.5,0.1", "K must be a whole number from 2 up"),
        ("small-world:4,2", "P in 0 to 1"),
        ("small-world:nan,0.1", "not understood"),
        ("small-world:inf,0.1", "not understood"),
        ("edges", "write edges:FILE"),
        ("varying:ring", "'varying:ring' would not vary: chance decides only geometric"),
        ("varying:varying:geometric", "would not vary"),
        ("varying:geometrc", "did you mean 'geometric'"),
    ],
)
def test_what_is_not_understood_is_refused(text: str, words: str):
    with pytest.raises(UserError) as said:
        parse_topology(text)
    assert words in str(said.value)
    assert "\n" not in str(said.value)


def test_every_kind_says_what_it_is():
    every = kinds()
    assert set(every) == {
        *("ring", "grid", "complete", "none", "geometric", "erdos-renyi", "small-world", "star", "edges", "varying")
    }
    for name, kind in every.items():
        assert issubclass(kind, Topology) and kind.name == name
        assert kind.form.startswith(name) and kind.what and "\n" not in kind.what
    assert {name for name, kind in every.items() if kind.draws} == {"geometric", "erdos-renyi", "small-world"}
