"""Programs that wait for each other."""

import threading
from contextvars import ContextVar

import pytest

from counterpoint.engines.meeting import meet
from counterpoint.errors import CounterpointError


def test_each_gets_its_answer_when_all_have_spoken():
    heard: dict[int, list[int]] = {0: [], 1: [], 2: []}

    def program(number):
        def run(speak):
            for time in range(3):
                heard[number].append(speak(10 * time + number))

        return run

    meet([program(n) for n in range(3)], lambda said: [sum(said) * 100 + s for s in said])
    assert heard == {n: [300 + n, 3300 + 10 + n, 6300 + 20 + n] for n in range(3)}


def test_one_runs_at_a_time_in_order():
    trace: list[str] = []

    def program(name):
        def run(speak):
            trace.append(f"{name} begins")
            speak(name)
            trace.append(f"{name} ends")

        return run

    meet([program("a"), program("b")], lambda said: (trace.append("+".join(said)), said)[1])
    assert trace == ["a begins", "b begins", "a+b", "a ends", "b ends"]


def test_an_error_ends_all_and_is_raised():
    ended = []

    def waits(speak):
        try:
            speak(1)
        finally:
            ended.append("waits")

    def fails(speak):
        raise ValueError("no")

    before = threading.active_count()
    with pytest.raises(ValueError, match="no"):
        meet([waits, fails], lambda said: said)
    assert ended == ["waits"]
    assert threading.active_count() == before


def test_an_error_in_the_answer_ends_all():
    before = threading.active_count()
    with pytest.raises(KeyError):
        meet([lambda speak: speak(1), lambda speak: speak(2)], lambda said: {}["nothing"])
    assert threading.active_count() == before


def test_all_speak_as_often():
    with pytest.raises(CounterpointError, match="all must as often"):
        meet([lambda speak: speak(1), lambda speak: (speak(1), speak(2))], lambda said: said)


def test_programs_that_say_nothing_just_run():
    ran = []
    meet([lambda speak: ran.append(1), lambda speak: ran.append(2)], lambda said: said)
    assert ran == [1, 2]


def test_programs_see_the_context_of_who_calls_and_change_only_their_own():
    flag: ContextVar[int] = ContextVar("flag", default=0)
    seen = []

    def program(speak):
        seen.append(flag.get())
        flag.set(7)
        speak(0)
        seen.append(flag.get())

    flag.set(3)
    meet([program, program], lambda said: said)
    assert seen == [3, 3, 7, 7]
    assert flag.get() == 3


def test_a_program_may_catch_exceptions_but_not_its_end():
    def stubborn(speak):
        for _ in range(3):
            try:
                speak(1)
            except Exception:
                pytest.fail("it caught its own end")

    def fails(speak):
        raise RuntimeError("over")

    with pytest.raises(RuntimeError, match="over"):
        meet([stubborn, fails], lambda said: said)
