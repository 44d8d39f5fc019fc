"""Lines with real sessions, over mutual TLS: answers, silence, absence, and what is refused."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest

from counterpoint.engines.zenoh.certificates import make_authority, make_certificate
from counterpoint.engines.zenoh.line import AHEAD, GONE, HANGS, PACKAGE, SLOW, Heard, Line, middle
from counterpoint.engines.zenoh.mailbox import written
from counterpoint.engines.zenoh.session import key
from counterpoint.engines.zenoh.settings import LineSettings
from counterpoint.errors import UserError

Network = Callable[..., LineSettings]


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result(60) for future in [pool.submit(call) for call in calls]]


def exchange(
    lines: dict[int, Line], round: int, data: Callable[[int], bytes | None], number: int = 1
) -> dict[int, Heard]:
    def one(me: int) -> Heard:
        return lines[me].exchange(round, number, data(me), [n for n in lines if n != me])

    return dict(zip(lines, at_once(*(lambda me=me: one(me) for me in lines)), strict=True))


def until(what: Callable[[], bool], seconds: float = 10.0) -> None:
    end = monotonic() + seconds
    while not what():
        assert monotonic() < end, "it does not come"
        sleep(0.02)


@pytest.mark.parametrize("insecure", [False, True])
def test_all_hear_what_all_said_round_by_round(network: Network, insecure: bool):
    with (
        Line(network(0, insecure=insecure)) as a,
        Line(network(1, insecure=insecure)) as b,
        Line(network(2, insecure=insecure)) as c,
    ):
        lines = {0: a, 1: b, 2: c}
        for round in range(1, 6):
            size = 10 if round % 2 else 3_000_000
            said = {me: bytes([round, me]) * size for me in lines}
            for me, heard in exchange(lines, round, lambda me, said=said: said[me]).items():
                assert heard.packages == {n: said[n] for n in lines if n != me}
                assert not heard.missing and not heard.silent
        assert not any(line.refused for line in lines.values())


def test_who_is_silent_says_so_and_is_not_waited_for(network: Network):
    with Line(network(0)) as a, Line(network(1)) as b:
        heard = exchange({0: a, 1: b}, 1, lambda me: None if me else b"hello")
        assert heard[0].silent == {1} and not heard[0].packages and not heard[0].missing
        assert heard[1].packages == {0: b"hello"}
        assert heard[0].seconds < 9


def test_who_goes_is_missed_at_once_and_not_waited_for(network: Network):
    with Line(network(0)) as a, Line(network(1)) as b:
        exchange({0: a, 1: b}, 1, lambda me: b"first")
        until(lambda: a.alive() == {1})
        b.__exit__(None, None, None)
        until(lambda: a.alive() == set())
        begun = monotonic()
        heard = a.exchange(2, 1, b"second", [1])
        assert heard.missing == {1: GONE} and monotonic() - begun < 3


def test_who_comes_back_is_heard_again(network: Network):
    with Line(network(0)) as a:
        for round in (1, 2):
            with Line(network(1)) as b:
                until(lambda: a.alive() == {1})
                heard = exchange({0: a, 1: b}, round, lambda me, r=round: bytes([me, r]))
                assert heard[0].packages == {1: bytes([1, round])}
            until(lambda: a.alive() == set())


def test_who_never_came_is_waited_for_only_at_the_start(network: Network):
    with Line(network(0, patience=0.5)) as a:
        first = a.exchange(1, 1, b"x", [1])
        assert first.missing == {1: GONE} and 0.3 < first.seconds < 5
        sleep(0.3)
        assert a.exchange(2, 1, b"x", [1]).seconds < 0.3


def test_a_round_closes_at_its_deadline(network: Network):
    with Line(network(0, deadline=1.0)) as a, Line(network(1)):
        heard = a.exchange(1, 1, b"x", [1])
        assert heard.missing == {1: SLOW} and 0.9 < heard.seconds < 4


def test_who_hangs_is_not_waited_for_for_ever(network: Network):
    with Line(network(0, deadline=0.4)) as a, Line(network(1)) as b:
        until(lambda: a.alive() == {1})
        assert [a.exchange(round, 1, b"x", [1]).missing[1] for round in (1, 2, 3, 4)] == [SLOW, SLOW, HANGS, HANGS]
        assert a.exchange(5, 1, b"x", [1]).seconds < 0.3
        b.exchange(9, 1, b"back", [])
        until(lambda: a.latest() == 9)
        assert a.exchange(9, 1, b"x", [1]).packages == {1: b"back"}
        assert a.exchange(10, 1, b"x", [1]).missing[1] == SLOW


def test_the_first_exchange_waits_for_those_who_come(network: Network):
    """Longer than the deadline."""
    with Line(network(0, deadline=2, patience=15)) as a, ThreadPoolExecutor(1) as pool:
        first = pool.submit(a.exchange, 1, 1, b"x", [1])
        sleep(3.0)
        with Line(network(1)) as b:
            assert b.exchange(1, 1, b"late", [0]).packages == {0: b"x"}
            assert first.result(20).packages == {1: b"late"}


def test_who_is_in_a_later_round_is_not_waited_for_and_tells_where_to_go(network: Network):
    with Line(network(0)) as a, Line(network(1)) as b:
        exchange({0: a, 1: b}, 1, lambda me: b"first")
        b.exchange(7, 1, b"far", [])
        until(lambda: a.latest() == 7)
        heard = a.exchange(2, 1, b"second", [1])
        assert heard.missing == {1: AHEAD} and heard.seconds < 3
        assert a.exchange(7, 1, b"here", [1]).packages == {1: b"far"}


def test_one_that_claims_to_be_far_ahead_moves_nobody_alone():
    assert middle([]) == 0
    assert middle([4]) == 4
    assert middle([4, 1000]) == 4
    assert middle([4, 5, 1000]) == 5


def test_neighbours_tell_where_they_are(network: Network):
    with Line(network(0)) as a, Line(network(1)) as b, Line(network(2)) as c:
        b.status(3, b"model of 1")
        c.status(4, b"model of 2")
        assert a.ask([1, 2], 10) == {1: (3, b"model of 1"), 2: (4, b"model of 2")}
        assert a.ask([1], 10) == {1: (3, b"model of 1")}


def test_a_certificate_of_another_authority_is_not_heard_and_hears_nothing(
    network: Network, keys: Path, tmp_path: Path
):
    make_authority(tmp_path)
    make_certificate(tmp_path, "peer-2")
    own = {"certificate": str(tmp_path / "peer-2.crt"), "key": str(tmp_path / "peer-2.key")}
    with Line(network(0)) as a, Line(network(1)) as b:
        exchange({0: a, 1: b}, 1, lambda me: b"first")
        for trusted in (keys, tmp_path):
            with Line(network(2, tls={**own, "authority": str(trusted / "ca.crt")}, patience=1)) as stranger:
                heard = stranger.exchange(2, 1, b"hello", [0, 1])
                assert not heard.packages and stranger.alive() == set()
                assert a.alive() == {1} and b.alive() == {0}
        assert exchange({0: a, 1: b}, 2, lambda me: b"second")[0].packages == {1: b"second"}
        assert not a.refused and not b.refused


def test_nobody_speaks_under_another_ones_name(network: Network):
    """Peer 2, with a good certificate of its own, forges letters of peer 1, and signs of its life."""
    with Line(network(0)) as a, Line(network(2)) as thief:
        exchange({0: a, 2: thief}, 1, lambda me: b"first")
        token = thief._session.liveliness().declare_token(key("test", 1, "alive"))
        thief._session.put(key("test", 1, PACKAGE), written(2, 1, 1, b"forged"))
        thief._session.put(key("test", 2, PACKAGE), written(2, 1, 1, b"forged too"))
        until(lambda: bool(a.refused))
        heard = exchange({0: a, 2: thief}, 2, lambda me: b"second")[0]
        assert heard.packages == {2: b"second"}
        assert a.refused == {"it is from nobody known here": 1}
        assert 1 not in a.alive() and a.exchange(3, 1, b"x", [1]).packages == {}
        token.undeclare()


def test_what_is_broken_is_counted_and_changes_nothing(network: Network):
    with Line(network(0, max_bytes=1000)) as a, Line(network(1)) as b:
        exchange({0: a, 1: b}, 1, lambda me: b"first")
        put = b._session.put
        put(key("test", 1, PACKAGE), b"garbage")
        put(key("test", 1, PACKAGE), b"")
        put(key("test", 1, PACKAGE), written(1, 1, 1, b"first"))  # the first may pass for one that was asked for
        put(key("test", 1, PACKAGE), written(1, 1, 1, b"first"))
        put(key("test", 1, PACKAGE), written(5, 1, 1, bytes(1001)))
        put(key("test", 1, "package/more"), written(6, 1, 1, b"elsewhere"))
        put("counterpoint/other/1/package", written(6, 1, 1, b"another run"))
        until(lambda: a.refused.total() >= 4 and a.refused["it is too long"] == 1)
        assert a.refused.pop("it was here before") in (1, 2)
        assert {why: n for why, n in a.refused.items() if why != "it was here before"} == {
            "its header is damaged": 2,
            "it is too long": 1,
        }
        assert exchange({0: a, 1: b}, 2, lambda me: b"second")[0].packages == {1: b"second"}


def test_an_address_that_is_taken_is_told(network: Network):
    with Line(network(0)), pytest.raises(UserError, match="peer 0 cannot open its line at tls/127"), Line(network(0)):
        pass
