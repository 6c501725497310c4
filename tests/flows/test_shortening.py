"""A body that is too long is shortened in its middle."""

from hypothesis import given
from hypothesis import strategies as st

from flows.messages.limits import length, shorten

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=300) | st.lists(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=30), max_size=60
).map("\n".join)


@given(TEXTS, st.integers(20, 400))
def test_it_is_within_the_limit_and_whole_if_it_may_be(text: str, limit: int) -> None:
    short = shorten(text, limit)
    assert length(short) <= limit
    assert (short == text) == (length(text) <= limit)


@given(st.lists(st.text("ab₹🛒", max_size=20), min_size=1, max_size=80), st.integers(200, 400))
def test_the_last_line_is_kept_and_what_is_left_out_is_counted(lines: list[str], limit: int) -> None:
    short = shorten("\n".join(lines), limit).split("\n")
    assert short[-1] == lines[-1]
    if short != lines:
        [mark] = [line for line in short if line.startswith("… +")]
        place = short.index(mark)
        first, last = short[:place], short[place + 1 :]
        assert lines[: len(first)] == first
        assert lines[len(lines) - len(last) :] == last
        left_out = lines[len(first) : len(lines) - len(last)]
        assert mark == f"… +{sum(1 for line in left_out if line.strip())} …"


def test_one_long_line_keeps_both_ends() -> None:
    short = shorten("A" * 900 + "Total: 5", 100)
    assert short.startswith("AAA")
    assert short.endswith("Total: 5")
    assert "…" in short
