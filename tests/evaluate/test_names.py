import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterpoint.errors import CounterpointError
from counterpoint.evaluate import MetricName, client_scope, patterns


def test_patterns_of_few_modalities_are_all_of_them():
    assert patterns(["acc"]) == {"acc": ("acc",)}
    assert patterns({"gyro", "acc"}) == {"acc+gyro": ("acc", "gyro"), "acc": ("acc",), "gyro": ("gyro",)}
    assert list(patterns("cba")) == ["a+b+c", "a+b", "a+c", "b+c", "a", "b", "c"]
    assert len(patterns("abcd")) == 15


def test_patterns_of_many_modalities_are_all_all_but_one_and_each_alone():
    five = patterns("edcba")
    assert list(five) == [
        *("a+b+c+d+e",),
        *("a+b+c+d", "a+b+c+e", "a+b+d+e", "a+c+d+e", "b+c+d+e"),
        *("a", "b", "c", "d", "e"),
    ]
    six = patterns("abcdef")
    assert sorted(len(chosen) for chosen in six.values()) == [1] * 6 + [5] * 6 + [6]
    assert all("+".join(chosen) == name for name, chosen in six.items())


def test_a_metric_name_is_written_and_read():
    name = MetricName("accuracy", "global", "server", "global_test", "acc+gyro", "before")
    assert str(name) == "accuracy/global/server/global_test/acc+gyro/before"
    assert MetricName.parse(str(name)) == name
    assert str(MetricName("refused")) == "refused/-/-/-/-/-"
    assert client_scope(12) == "client:12"


text = st.text(st.characters(exclude_characters="/", exclude_categories=["Cs"]))


@given(
    measure=text,
    scope=text,
    pattern=text,
    model=st.sampled_from(["global", "personal", "peer", "-"]),
    split=st.sampled_from(["train", "test", "global_test", "-"]),
    moment=st.sampled_from(["before", "after", "-"]),
)
def test_every_metric_name_comes_back(**parts: str):
    name = MetricName(**parts)  # type: ignore[arg-type]
    assert MetricName.parse(str(name)) == name


def test_the_name_of_a_class_in_brackets_may_hold_anything():
    name = MetricName("confidence[on/off [2]/x]", "global", "server", "global_test", "acc", "before")
    assert MetricName.parse(str(name)) == name


@pytest.mark.parametrize("bad", ["", "accuracy", "a/b/c/d/e", "a/b/c/d/e/f/g"])
def test_what_is_no_metric_name_is_refused(bad: str):
    with pytest.raises(CounterpointError, match="not the name of a metric"):
        MetricName.parse(bad)
