"""Letters of neighbours: sorted, bounded, refused."""

import random

from hypothesis import given
from hypothesis import strategies as st

from counterpoint.engines.zenoh.mailbox import AHEAD, HEADER, MARK, Mailbox, written


def box(now: tuple[int, int] = (1, 1), **options: int) -> Mailbox:
    found = Mailbox(options.get("max_bytes", 100), frozenset({1, 2}))
    found.begin(now, frozenset({1, 2}))
    return found


def test_an_answer_is_had_and_read():
    mail = box((3, 1))
    assert not mail.has(1) and mail.of(1) is None
    assert mail.put(1, written(3, 1, 1, b"hello"))
    assert mail.has(1) and mail.of(1) == b"hello"
    assert mail.put(2, written(3, 1, 2, None))
    assert mail.has(2) and mail.of(2) is None, "silent"
    assert not mail.refused


def test_an_empty_package_is_no_silence():
    mail = box()
    mail.put(1, written(1, 1, 1, b""))
    assert mail.of(1) == b""


def test_what_is_ahead_is_kept_for_its_exchange():
    mail = box()
    mail.put(1, written(2, 1, 1, b"later"))
    assert not mail.has(1) and mail.ahead(1)
    mail.begin((1, 2), {1, 2})
    assert not mail.has(1) and mail.ahead(1)
    mail.begin((2, 1), {1, 2})
    assert mail.of(1) == b"later" and not mail.ahead(1)


def test_what_is_over_is_late_and_thrown_away():
    mail = box((2, 1))
    assert not mail.put(1, written(1, 1, 1, b"old"))
    assert mail.late == 1 and not mail.refused and not mail.has(1)
    mail.put(1, written(2, 1, 1, b"now"))
    mail.begin((3, 1), {1, 2})
    assert mail.of(1) is None


def test_no_more_than_a_few_are_kept_of_one_that_is_ahead():
    mail = box()
    for round in range(1, 50):
        mail.put(1, written(round, 1, 1, bytes(90)))
    assert sum(len(letters) for letters in mail._letters.values()) == AHEAD
    assert mail.of(1) == bytes(90), "the nearest are kept"
    assert len(mail._seen[1]) <= 4 * AHEAD
    assert mail.latest == {1: 49}


def test_what_was_not_kept_may_come_again():
    mail = box((2, 1))
    letters = {round: written(round, 1, 1, bytes([round])) for round in range(3, 9)}
    assert [mail.put(1, letter) for letter in letters.values()] == [True] * 4 + [False] * 2
    mail.begin((8, 1), {1, 2})
    assert not mail.has(1)
    assert mail.put(1, letters[8], asked=True) and mail.of(1) == b"\x08"
    assert not mail.refused


def test_what_is_wrong_is_refused_and_counted_by_reason():
    mail = box((2, 1), max_bytes=10)
    letter = written(2, 1, 1, b"good")
    assert mail.put(1, letter)
    for sender, bad in (
        (1, letter),
        (1, written(2, 1, 1, b"another")),
        (2, written(2, 1, 1, b"forged")),
        (7, written(2, 1, 7, b"stranger")),
        (2, written(2, 1, 2, bytes(11))),
        (2, b""),
        (2, b"short"),
        (2, b"XXXX" + written(2, 1, 2, b"")[4:]),
        (2, written(0, 1, 2, b"")),
        (2, HEADER.pack(MARK, 2, 1, 7, 2)),
    ):
        assert not mail.put(sender, bad)
    assert mail.refused == {
        "it was here before": 2,
        "it is from nobody known here": 2,
        "it is too long": 1,
        "its header is damaged": 5,
    }
    assert mail.of(1) == b"good" and not mail.has(2)


def test_a_letter_that_was_asked_for_may_come_again_once():
    mail = box((1, 1))
    letter = written(1, 1, 1, b"once")
    assert mail.put(1, letter, asked=True)
    assert not mail.put(1, letter), "the one that was on its way"
    assert not mail.refused
    assert not mail.put(1, letter, asked=True) and not mail.refused
    assert not mail.put(1, letter)
    assert mail.refused == {"it was here before": 1}


def test_a_replayed_letter_of_a_past_round_is_refused():
    mail = box((1, 1))
    letter = written(1, 1, 1, b"once")
    mail.put(1, letter)
    mail.begin((2, 1), {1, 2})
    assert not mail.put(1, letter)
    assert mail.refused == {"it was here before": 1} and mail.late == 0


@given(st.lists(st.binary(max_size=60), max_size=30), st.integers(0, 3))
def test_nothing_that_comes_raises(letters: list[bytes], sender: int):
    mail = box((5, 1))
    for letter in letters:
        mail.put(sender, letter)
        mail.put(sender, MARK + letter)
    assert sum(mail.refused.values()) + mail.late + sum(map(len, mail._letters.values())) <= 2 * len(letters)


def test_random_letters_never_grow_it():
    rng = random.Random(3)
    mail = box()
    for _ in range(5000):
        sender = rng.choice([1, 2])
        mail.put(sender, written(rng.randint(1, 10**6), rng.randint(1, 3), sender, rng.randbytes(20)))
    assert sum(map(len, mail._letters.values())) <= 2 * AHEAD
    assert sum(map(len, mail._seen.values())) <= 2 * 4 * AHEAD
