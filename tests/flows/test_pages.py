"""A list with `pages: true` is split into pages, and a tap on More shows the next one as it is now."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import chain
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.whatsapp.limits import LIMITS
from flows.document.errors import StepFailed
from flows.engine import conversation as conversations
from flows.engine.conversation import Conversation
from flows.engine.events import Tapped
from flows.engine.model import Flow
from flows.messages import kinds, pages, replies
from flows.messages.kinds import List, Message, Text
from flows.messages.offers import Reply
from flows.messages.pages import More, Section
from tests.flows.chat import TOY, Chat, flow_of

SHELVES: Final = replace(
    TOY,
    view_names=("shelf", "drawer"),
    views=lambda host, statics: {"shelf": list(host[0]), "drawer": list(host[1])},
)
"""The host's value is (goods on the shelf, goods in the drawer)."""


def shop() -> Flow:
    return flow_of(
        """
        flow: f
        languages: [en, hi]
        variables: {mood: {default: good}}
        messages:
          goods:
            text: {en: "Pick, {{ mood }}", hi: चुनें}
            list:
              button: See
              pages: true
              sections:
                - title: Shelf
                  rows: {each: shelf, as: g, if: g != 'sold', on: pick, with: "{{ g }}", title: "{{ g }}"}
                - title: Drawer
                  rows: {each: drawer, as: g, on: pick, with: "{{ g }}", title: "{{ g }}"}
          broken:
            text: "{{ shelf[0] * 2 if mood == 'bad' else 'fine' }}"
            list: {button: See, pages: true, rows: {each: shelf, as: g, on: pick, with: x, title: "{{ g }}"}}
          vip: {text: x, list: {button: See, pages: true, rows: {each: shelf, on: pick, title: "{{ item }}"}}}
          got: "Got {{ event.value }}"
          old: Too old.
          what: What?
        anywhere:
          hindi: {words: [hindi], do: {language: hi}, say: what}
          show: {words: [show], say: goods}
          break_it: {words: [break], say: broken}
          worse: {words: [worse], do: {set: {mood: bad}}, say: what}
          away: {words: [away], to: elsewhere}
          member: {words: [member], if: mood == 'vip', say: vip}
        otherwise: {say: what}
        start: here
        states:
          here: {on: {pick: {say: got}, stale: {say: old}}}
          elsewhere: {on: {pick: {say: what}, stale: {say: old}}}
        """,
        SHELVES,
    )


@pytest.fixture(scope="module")
def flow() -> Flow:
    return shop()


def visiting(flow: Flow, shelf: int = 13, drawer: int = 10) -> Chat:
    """A chat about so many goods on the shelf and in the drawer, and the list was shown."""
    chat = Chat(flow)
    chat.host = ([f"s{n}" for n in range(shelf)], [f"d{n}" for n in range(drawer)])
    assert chat.write("show") == ["goods"]
    return chat


def sections(message: Message) -> dict[str, list[str]]:
    assert isinstance(message, List)
    return {section.title: [row.title for row in section.rows] for section in message.sections}


def more_of(chat: Chat) -> str:
    """Id of the last row of the last message."""
    return chat.messages[-1].replies[-1].id


def unchanged(conversation: Conversation) -> Conversation:
    """The conversation without what a page does change: what a typed title means."""
    return replace(conversation, choices=())


# Arithmetic


@given(st.lists(st.integers(1, 30), min_size=1, max_size=4), st.integers(1, pages.MOST_KEPT))
def test_kept_rows_stand_on_every_page_and_the_others_once_in_order(sizes: list[int], kept: int) -> None:
    most, own = LIMITS.list_rows, sum(sizes)
    sizes[-1] += kept
    whole = [
        Section(f"T{n}", tuple(Reply(f"{n}.{r}", f"{n}.{r}") for r in range(size)))
        for n, size in enumerate(sizes)
    ]
    every = [row for section in whole for row in section.rows]
    more = More("More", "c-1.2", "m", kept)
    cut = [pages.page(whole, n, most, more) for n in range(1, pages.count(own, most - kept) + 1)]
    rows = [[row for section in one for row in section.rows] for one in cut]
    assert all(len(page) <= most for page in rows)
    for page in rows[:-1]:
        assert replies.decode(page.pop().id) is not None
    assert all(page[-kept:] == every[-kept:] for page in rows)
    assert [row for page in rows for row in page[:-kept]] == every[:-kept]
    assert all(len({section.title for section in one}) == len(one) for one in cut)


@given(st.lists(st.integers(0, 30), max_size=6), st.integers(2, 12), st.integers(1, 200))
def test_pages_hold_every_row_once_in_order_within_the_limit(sizes: list[int], most: int, asked: int) -> None:
    whole = [
        Section(f"T{n}", tuple(Reply(f"{n}.{r}", f"{n}.{r}") for r in range(size)))
        for n, size in enumerate(sizes)
        if size
    ]
    total, more = sum(sizes), More("More", "c-1.2", "m")
    count = pages.count(total, most)
    cut = [pages.page(whole, number, most, more) for number in range(1, count + 1)]
    rows = [[row for section in one for row in section.rows] for one in cut]
    for number, page in enumerate(rows[:-1], 1):
        assert len(page) == most
        assert replies.decode(page.pop().id) == replies.PageId("c-1", 2, "m", number + 1)
    assert list(chain.from_iterable(rows)) == [row for section in whole for row in section.rows]
    assert len(rows[-1]) <= most
    assert count == 1 or rows[-1], "no page is empty"
    assert (count == 1) == (total <= most)
    for shown in chain.from_iterable(cut):
        titles = {row.title.partition(".")[0] for row in shown.rows} - {"More"}
        assert titles <= {shown.title.removeprefix("T")}, "each row is under its title"
    assert pages.page(whole, asked, most, more) == pages.page(whole, min(asked, count), most, more)


_IDS = st.text(st.characters(codec="utf-8"), max_size=40)


@given(st.from_regex(r"[a-z][a-z0-9_]{0,63}", fullmatch=True), st.integers(1, 10**9 - 1), st.integers(0, 9))
def test_a_pages_id_is_decoded_as_it_was_and_fits_the_channel(name: str, page: int, copy: int) -> None:
    place = replies.place("abcdefgh-999999999999", 10**8)
    id = replies.encode_page(place, name, page)
    assert len(id) <= LIMITS.row_id
    asked = replies.PageId("abcdefgh-999999999999", 10**8, name, page)
    assert replies.decode(id) == asked
    assert replies.decode(replies.copied(id, copy)) == asked


@given(st.from_regex(r"[a-z][a-z0-9_]{0,63}(\.[a-z][a-z0-9_]{0,63})?", fullmatch=True), _IDS)
def test_no_trigger_is_taken_for_a_page(trigger: str, value: str) -> None:
    decoded = replies.decode(replies.encode("c-1.2", trigger, value))
    assert decoded is None or decoded == replies.ReplyId("c-1", 2, trigger, value)


# A chat


@pytest.mark.parametrize(
    ("shelf", "drawer", "rows"),
    [(10, 0, [10]), (4, 6, [10]), (5, 6, [10, 2]), (19, 0, [10, 10]), (20, 0, [10, 10, 2]), (1, 0, [1])],
)
def test_ten_rows_are_one_page_and_an_eleventh_makes_two(
    flow: Flow, shelf: int, drawer: int, rows: list[int]
) -> None:
    chat = visiting(flow, shelf, drawer)
    seen = [len(chat.messages[-1].replies)]
    while chat.messages[-1].replies[-1].title == "More":
        chat.take(Tapped(more_of(chat), "More"))
        seen.append(len(chat.messages[-1].replies))
    assert seen == rows


def test_sections_keep_their_titles_and_rows_are_counted_after_if(flow: Flow) -> None:
    chat = Chat(flow)
    chat.host = (["sold", *(f"s{n}" for n in range(11)), "sold"], [f"d{n}" for n in range(4)])
    chat.write("show")
    assert sections(chat.messages[0]) == {"Shelf": [*(f"s{n}" for n in range(9)), "More"]}
    chat.take(Tapped(more_of(chat), "More"))
    assert sections(chat.messages[0]) == {"Shelf": ["s9", "s10"], "Drawer": ["d0", "d1", "d2", "d3"]}
    stored = kinds.to_json(chat.messages[0])
    assert kinds.from_json(stored) == chat.messages[0]
    assert stored.keys() == {"kind", "body", "button", "sections", "footer"}


def test_a_tap_on_more_fires_nothing_and_changes_nothing(flow: Flow) -> None:
    chat = visiting(flow)
    before, host = chat.conversation, chat.host
    assert chat.take(Tapped(more_of(chat), "More")) == ["goods"]
    assert unchanged(chat.conversation) == unchanged(before)
    assert chat.host == host
    assert chat.timers == []
    entry = {"state": "here", "event": "page", "page": 2, "said": ["goods"]}
    assert chat.last.trace == (entry,)
    assert chat.last.applied


def test_a_page_is_as_things_are_now_and_in_the_customers_language(flow: Flow) -> None:
    chat = visiting(flow)
    more = more_of(chat)
    chat.write("hindi")
    chat.host = (["new", *chat.host[0][:9]], ["last"])
    chat.take(Tapped(more, "More"))
    assert sections(chat.messages[0]) == {"Shelf": ["s8"], "Drawer": ["last"]}
    assert chat.messages[0].words == "चुनें"
    chat.host = ([f"s{n}" for n in range(11)], ())
    chat.write("show")
    assert chat.messages[0].replies[-1].title == "और देखें"


@pytest.mark.parametrize(
    ("left", "shown"), [(20, ["s18", "s19"]), (14, [f"s{n}" for n in range(9, 14)]), (1, ["s0"])]
)
def test_beyond_the_end_the_last_page_is_shown(flow: Flow, left: int, shown: list[str]) -> None:
    chat = visiting(flow, 30, 0)
    chat.take(Tapped(more_of(chat), "More"))
    third = more_of(chat)
    chat.host = (chat.host[0][:left], ())
    chat.take(Tapped(third, "More"))
    assert sections(chat.messages[0]) == {"Shelf": shown}


def test_when_nothing_is_left_the_text_alone_is_shown(flow: Flow) -> None:
    chat = visiting(flow)
    more = more_of(chat)
    chat.host = ((), ())
    chat.take(Tapped(more, "More"))
    assert chat.messages == [Text("Pick, good")]


def test_what_is_typed_means_the_rows_of_the_page(flow: Flow) -> None:
    chat = visiting(flow)
    chat.write("more")
    assert sections(chat.messages[0])["Shelf"] == ["s9", "s10", "s11", "s12"]
    assert chat.write("2") == ["got"]
    assert chat.messages[0].words == "Got s10"
    chat.write("show")
    chat.write("10")
    chat.write("d3")
    assert chat.messages[0].words == "Got d3"


def test_more_of_an_old_list_works_and_its_rows_are_as_old(flow: Flow) -> None:
    chat = visiting(flow)
    more, fresh = more_of(chat), chat.messages[0].replies[0].id
    chat.write("away")
    before = chat.conversation
    assert chat.take(Tapped(more, "More")) == ["goods"]
    assert unchanged(chat.conversation) == unchanged(before)
    assert chat.state == "elsewhere"
    row = chat.messages[0].replies[0]
    assert chat.take(Tapped(row.id, row.title)) == ["old"] == chat.take(Tapped(fresh, "s0"))


# Taps that count for nothing


def test_a_list_that_was_not_sent_cannot_be_asked_for(flow: Flow) -> None:
    chat = visiting(flow)
    place = replies.place("c-1", chat.conversation.visit)
    for forged in ("vip", "broken", "got", "nothing", ""):
        assert chat.take(Tapped(replies.encode_page(place, forged, 1), "More")) == ["old"], forged
    for forged in ("page:0", "page:", "page:-1", "page:x", "page:2:3", f"page:{10**10}"):
        assert chat.take(Tapped(replies.encode(place, forged, "goods"), "More")) == ["old"], forged
    far = replies.encode_page(place, "goods", 10**9 - 1)
    assert chat.take(Tapped(far, "More")) == ["goods"], "it was sent, and the last page is shown"


def test_a_list_that_the_flow_lost_or_that_has_no_pages_any_more_is_an_old_tap(flow: Flow) -> None:
    chat = visiting(flow)
    more = more_of(chat)
    for paged in ({"broken", "vip"}, set[str]()):
        chat.flow = replace(flow, paged=frozenset(paged))
        assert chat.take(Tapped(more, "More")) == ["old"]
    gone = {name: speech for name, speech in flow.messages.items() if name != "goods"}
    chat.flow = replace(flow, messages=gone, paged=flow.paged - {"goods"})
    assert chat.take(Tapped(more, "More")) == ["old"]


def test_a_page_that_fails_is_refused_if_the_tap_may_be_forged_and_fails_the_step_if_not(flow: Flow) -> None:
    chat = visiting(flow)
    chat.write("break")
    more, place = more_of(chat), replies.place("c-1", chat.conversation.visit)
    forged = replies.encode_page(place, "broken", 7)
    bad = replace(chat.conversation, variables={"mood": "bad"})
    chat.conversation = bad
    assert chat.take(Tapped(forged, "More")) == ["old"]
    refused = chat.last.trace[0]["refused"]
    assert "'broken' can't be shown in this state: f.yaml:16 (message 'broken'): only whole" in refused
    assert chat.conversation == replace(bad, sent_since=True)
    with pytest.raises(StepFailed, match="'broken' can't be shown"):
        chat.take(Tapped(more, "More"))
    long = replies.encode_page(f"{'k' * 230}-1.1", "goods", 2)
    assert chat.take(Tapped(long, "More")) == ["old"], "the ids of its rows would be too long"


def test_the_lists_that_were_sent_are_stored(flow: Flow) -> None:
    chat = visiting(flow)
    chat.write("show")
    assert chat.conversation.paged == ("goods",)
    assert conversations.from_json("c-1", conversations.to_json(chat.conversation)) == chat.conversation


# The file


def listed(keys: str, languages: str) -> Flow:
    return flow_of(
        f"""
        flow: f
        languages: {languages}
        messages:
          m:
            text: x
            list: {{button: See, {keys} rows: {{each: shelf, on: pick, title: "{{{{ item }}}}"}}}}
        anywhere: {{pick: {{words: [pick], say: m}}, money.came: {{say: m}}}}
        otherwise: {{say: m}}
        start: s
        states: {{s: {{}}}}
        """,
        SHELVES,
    )


@pytest.mark.parametrize(
    ("languages", "keys", "titles"),
    [
        ("[en, hi]", "pages: true,", {"en": "More", "hi": "और देखें"}),
        ("[en-GB]", "pages: true,", {"en-GB": "More"}),
        ("[en, fr]", "pages: true,", {"en": "More", "fr": "More"}),
        ("[en, hi]", "pages: true, more: Next,", {"en": "Next", "hi": "Next"}),
        ("[en, hi]", "pages: true, more: {en: Next, hi: आगे},", {"en": "Next", "hi": "आगे"}),
    ],
)
def test_the_row_is_called_more_in_each_language(
    languages: str, keys: str, titles: Mapping[str, str]
) -> None:
    flow = listed(keys, languages)
    seen: Any = {"shelf": [f"g{n}" for n in range(11)]}
    assert {
        language: speech(seen, "c-1.1").replies[-1].title for language, speech in flow.messages["m"].items()
    } == titles
