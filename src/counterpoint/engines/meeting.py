"""Programs that wait for each other: each in a thread of its own, of which one runs at a time."""

from collections.abc import Callable, Sequence
from contextvars import copy_context
from threading import Semaphore, Thread
from typing import Generic, TypeVar

from counterpoint.errors import CounterpointError

Said = TypeVar("Said")
Answer = TypeVar("Answer")
Speak = Callable[[Said], Answer]


class _Abandoned(BaseException):
    """Ends a program whose meeting will not go on. Not an `Exception`, so that no program catches it."""


class _Seat(Generic[Said, Answer]):
    """One program, and the thread that it runs in."""

    def __init__(self, program: Callable[[Speak[Said, Answer]], None]) -> None:
        self.said: Said | None = None
        self.answer: Answer | None = None
        self.error: BaseException | None = None
        self.ended = False
        self._program = program
        self._go = Semaphore(0)
        self._stands = Semaphore(0)
        self._abandoned = False
        context = copy_context()
        self._thread = Thread(target=lambda: context.run(self._run), daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._wait()
            self._program(self._speak)
        except _Abandoned:
            pass
        except BaseException as error:
            self.error = error
        finally:
            self.ended = True
            self._stands.release()

    def _wait(self) -> None:
        self._go.acquire()
        if self._abandoned:
            raise _Abandoned

    def _speak(self, said: Said) -> Answer:
        self.said = said
        self._stands.release()
        self._wait()
        answer, self.answer = self.answer, None
        assert answer is not None
        return answer

    def walk(self) -> None:
        """Let the program run until it speaks or ends."""
        self._go.release()
        self._stands.acquire()

    def leave(self) -> None:
        """End the program where it waits."""
        if not self.ended:
            self._abandoned = True
            self.walk()
        self._thread.join()


def meet(
    programs: Sequence[Callable[[Speak[Said, Answer]], None]], answers: Callable[[Sequence[Said]], Sequence[Answer]]
) -> None:
    """Run programs that meet: when each has spoken once, each gets its answer and goes on.

    They run one after another, in the given order, until each speaks; so what comes out depends on no clock.

    Args:
        programs: each gets a function that says something to the meeting and returns the answer.
        answers: what each is answered, in order, when all have spoken.

    Raises:
        CounterpointError: some programs ended while others speak.
    """
    seats = [_Seat(program) for program in programs]
    try:
        while True:
            for seat in seats:
                seat.walk()
                if seat.error is not None:
                    raise seat.error
            if all(seat.ended for seat in seats):
                return
            if any(seat.ended for seat in seats):
                raise CounterpointError("some peers exchange more often in a round than others: all must as often")
            said = [seat.said for seat in seats]
            for seat, answer in zip(seats, answers(said), strict=True):  # type: ignore[arg-type]
                seat.said, seat.answer = None, answer
    finally:
        for seat in seats:
            seat.leave()
