import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from counterpoint.errors import CounterpointError
from counterpoint.simulate.graph import SIDE, Graph, drawn_places, places_of


def graph(peers: int, *pairs: tuple[int, int]) -> Graph:
    return Graph.of(peers, pairs)


def test_edges_come_in_order_each_once():
    found = graph(4, (3, 1), (0, 2), (1, 3), (1, 0))
    assert found.edges.tolist() == [[0, 1], [0, 2], [1, 3]]
    assert found.edges.dtype == torch.int64


def test_neighbours_and_degrees_by_hand():
    found = graph(5, (3, 0), (1, 0), (1, 3))
    assert [found.neighbours(peer) for peer in range(5)] == [(1, 3), (0, 3), (), (0, 1), ()]
    assert found.degrees.tolist() == [2, 2, 0, 2, 0]


def test_connected_by_hand():
    assert graph(1).connected
    assert not graph(2).connected
    assert graph(4, (0, 3), (3, 1), (1, 2)).connected
    assert not graph(4, (0, 1), (2, 3)).connected


def test_without_some_their_edges_are_gone_and_they_stay():
    places = torch.ones(4, 2, dtype=torch.float64)
    whole = Graph.of(4, [(0, 1), (1, 2), (2, 3)], places)
    left = whole.without({1})
    assert left.edges.tolist() == [[2, 3]]
    assert (left.peers, left.degrees.tolist(), left.places) == (4, [0, 0, 1, 1], places)
    assert whole.edges.tolist() == [[0, 1], [1, 2], [2, 3]]
    assert torch.equal(whole.without([]).edges, whole.edges)
    assert len(whole.without(range(4)).edges) == 0


@given(st.integers(2, 9).flatmap(lambda n: st.tuples(st.just(n), st.sets(st.sampled_from(range(n)), max_size=n))))
def test_without_leaves_the_edges_of_the_others(drawn: tuple[int, set[int]]):
    peers, gone = drawn
    complete = Graph.of(peers, [(a, b) for a in range(peers) for b in range(a)])
    left = complete.without(gone)
    others = peers - len(gone)
    assert len(left.edges) == others * (others - 1) // 2
    assert all(left.neighbours(peer) == () for peer in gone)


@pytest.mark.parametrize(
    ("edges", "words"),
    [
        ([[0, 0]], "pair i < j of peers below 3"),
        ([[1, 0]], "pair i < j of peers below 3"),
        ([[1, 3]], "pair i < j of peers below 3"),
        ([[-1, 2]], "pair i < j of peers below 3"),
        ([[0, 1], [0, 1]], "in order, each once"),
        ([[1, 2], [0, 1]], "in order, each once"),
        ([[0, 2], [0, 1]], "in order, each once"),
        ([[0, 1, 2]], "edges are int64"),
        ([[0.0, 1.0]], "edges are int64"),
        ([0, 1], "edges are int64"),
    ],
)
def test_what_is_no_graph_is_refused(edges: list[list[float]], words: str):
    with pytest.raises(CounterpointError, match=words):
        Graph(3, torch.tensor(edges))


def test_a_peer_joined_to_itself_is_refused():
    with pytest.raises(CounterpointError, match="i < j"):
        Graph.of(3, [(2, 2)])


def test_places_are_those_of_the_graph_or_drawn_in_the_square():
    said = torch.tensor([[1.0, 2.0], [3.0, 4.0]], dtype=torch.float64)
    assert places_of(Graph.of(2, [(0, 1)], said), 0) is said
    drawn = places_of(graph(500), 7)
    assert drawn.shape == (500, 2) and drawn.dtype == torch.float64
    assert torch.equal(drawn, places_of(graph(500, (0, 1)), 7))
    assert torch.equal(drawn, drawn_places(500, 7, "places"))
    assert not torch.equal(drawn, places_of(graph(500), 8))
    assert SIDE == 200.0
    assert 0 <= float(drawn.min()) < 10 and 190 < float(drawn.max()) <= SIDE
    assert (drawn.mean(0) - 100).abs().max() < 15
