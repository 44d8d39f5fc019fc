"""Who listens hears how far work on data is."""

from counterpoint.data.progress import each, listening, tell


def test_only_who_listens_hears() -> None:
    heard: list[tuple[str, int, int]] = []
    tell("before", 1, 2)
    with listening(lambda *told: heard.append(told)):
        tell("inside", 1)
        assert list(each("ab", "letters")) == ["a", "b"]
    tell("after", 1, 2)
    assert heard == [("inside", 1, 0), ("letters", 1, 2), ("letters", 2, 2)]
