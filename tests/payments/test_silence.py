"""Munshi stops answering bots and endless timers; messages about money are always sent."""

from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.whatsapp.limits import LIMITS
from flows.engine.model import Flow
from flows.language.load import load
from flows.messages.kinds import Message
from payments.processing.actions import SHOP
from payments.processing.silence import PAUSE, ROUNDS, TURNS, UNASKED
from payments.simulator.simulated_gateway import Razorpay
from payments.simulator.simulator import Simulator
from tests.builders import cart_of

ROUND: Final = 6_000
"""Milliseconds between two messages that WhatsApp takes for one customer."""
SECOND: Final = 1_000
MINUTE: Final = 60_000


def _round(chat: Simulator, text: str) -> list[Message]:
    chat.now += ROUND
    return chat.write(text)


def _looped(flow: Flow, text: str = "We got your message!") -> Simulator:
    chat = Simulator(flow)
    chat.write("hi")
    for _ in range(TURNS):
        assert _round(chat, text)
    assert _round(chat, text) == []
    return chat


@pytest.mark.parametrize("text", ["We got your message!", "help", "menu", "1️⃣2️⃣", "\u200b", "?"])
def test_a_customer_who_answers_everything_is_answered_a_while_and_an_operator_told_once(
    shop_flow: Flow, text: str
) -> None:
    chat = _looped(shop_flow, text)
    for _ in range(300):
        assert _round(chat, text) == []
    assert [(notice.kind, notice.subject) for notice in chat.notices] == [("loop", "sim-1")]
    assert "Asha" not in chat.notices[0].said
    assert chat.results[-1].trace[-1]["because"].startswith("the customer answers and nothing moves")
    assert "said" not in chat.results[-1].trace[-1]


@pytest.mark.parametrize("kind", ["sticker", "image", "unsupported"])
def test_so_is_one_who_sends_other_things(shop_flow: Flow, kind: str) -> None:
    chat = Simulator(shop_flow)
    answers = [chat.send(kind) for _ in range(TURNS + 50)]
    assert sum(map(bool, answers)) == TURNS + 1, "the first of them enters the shop"
    assert len(chat.notices) == 1


def test_so_is_one_who_echoes_every_message(shop_flow: Flow) -> None:
    chat, answer = Simulator(shop_flow), "hi"
    count = 0
    while said := _round(chat, answer):
        answer, count = str(getattr(said[-1], "body", "?"))[:4096], count + 1
        assert count <= ROUNDS + TURNS
    assert len(chat.notices) == 1


def test_two_bots_fall_silent_and_start_again_only_after_a_pause(shop_flow: Flow) -> None:
    chat = _looped(shop_flow)
    chat.now += PAUSE - ROUND
    assert _round(chat, "We got your message!") != []
    for _ in range(TURNS - 1):
        assert _round(chat, "We got your message!") != []
    assert _round(chat, "We got your message!") == []


@pytest.mark.parametrize("text", ["cart", "checkout", "kulhad cups (6)", "हिंदी", "english"])
def test_a_word_that_moves_is_answered(shop_flow: Flow, text: str) -> None:
    chat = Simulator(shop_flow)
    chat.write("english" if text == "हिंदी" else "hindi" if text == "english" else "hi")
    chat.write("1")
    for _ in range(TURNS):
        _round(chat, "hmm")
    if text in ("kulhad cups (6)", "cart"):
        chat.write("menu")
        for _ in range(TURNS):
            _round(chat, "hmm")
    assert _round(chat, "hmm") == []
    assert _round(chat, text) != []
    assert _round(chat, "hmm") != []


def test_a_tap_is_answered(shop_flow: Flow) -> None:
    chat = _looped(shop_flow)
    assert chat.tap("Masala chai 250 g") != []
    assert _round(chat, "what now?") != []
    chat = _looped(shop_flow)
    assert chat.tap_reply("forged", "what?") == [], "no tap of ours, and no word that moves"


def test_who_only_goes_back_and_forth_is_a_bot_too(shop_flow: Flow) -> None:
    chat = Simulator(shop_flow)
    chat.write("hi")
    chat.write("1")
    answers = [_round(chat, ("menu", "cart")[turn % 2]) for turn in range(ROUNDS + 20)]
    assert all(answers[:ROUNDS])
    assert not any(answers[ROUNDS:])
    assert len(chat.notices) == 1
    assert chat.tap("Ginger chai 250 g") != [], "more in the cart is a gain"
    assert _round(chat, "menu") != []


def test_money_is_told_to_whoever_is_told_nothing_else(shop_flow: Flow) -> None:
    chat = Simulator(shop_flow)
    for text in ("hi", "1", "checkout", "yes"):
        chat.write(text)
    for _ in range(TURNS + 5):
        _round(chat, "We got your message!")
    assert _round(chat, "We got your message!") == []
    assert chat.wait(11 * MINUTE) == [], "a reminder is no news of money"
    assert chat.fail() != []
    for _ in range(TURNS + 5):
        _round(chat, "We got your message!")
    assert _round(chat, "We got your message!") == []
    [paid] = chat.pay()
    assert getattr(paid, "body", "").startswith("✅ Payment Successful!")


def test_an_order_over_the_api_gets_its_link_although_the_customer_loops(shop_flow: Flow) -> None:
    chat = _looped(shop_flow)
    assert chat.request(cart_of(("ginger-250", 1))) != []


def test_who_asks_for_their_payment_in_a_loop_hears_no_answer_of_razorpay_either(shop_flow: Flow) -> None:
    chat = Simulator(shop_flow)
    for text in ("hi", "1", "checkout", "yes"):
        chat.write(text)
    answers = []
    for _ in range(TURNS + 10):
        chat.now += 31 * SECOND
        answers.append(chat.write("paid"))
    assert all(answers[:TURNS])
    assert not any(answers[TURNS:])


def test_apologies_do_not_go_on_for_ever() -> None:
    flow = load(BROKEN, "broken.yaml", SHOP, limits=LIMITS)
    chat = Simulator(flow)
    answers = [_round(chat, "hm") for _ in range(TURNS + 30)]
    assert len(chat.parked) == TURNS + 30
    assert sum(map(bool, answers)) == TURNS
    assert len(chat.notices) == 1


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.sampled_from(["hm", "menu", "cart", "help", "cancel", "paid", "no", "pay", "हिंदी", "english"]),
        min_size=1,
        max_size=9,
    )
)
def test_a_chat_that_repeats_and_brings_nothing_ends_in_silence(shop_flow: Flow, cycle: list[str]) -> None:
    chat = Simulator(shop_flow)
    answered = [bool(_round(chat, cycle[turn % len(cycle)])) for turn in range(2 * ROUNDS)]
    # The first of them is greeted, and that is reached once.
    assert not any(answered[-ROUNDS + 3 :])


LOOPS: Final = """
flow: loops
shop: {name: Loops, products: [{sku: a, price: 30, name: A}], budgets: {orders: 99, links: 99}}
messages:
  tick: tick
  tock: tock
  paid: Paid.
  pay: "Pay {{ order.link }}"
  sorry: Sorry.
anywhere:
  order.requested: {do: [cart.fill, order.place, payment.request], to: waiting}
  payment.captured: {say: paid}
  payment_link.created: {say: pay}
  payment_link.refused: {do: payment.request, say: sorry}
  order.refused: {ignore: not tested}
  go: {words: [go], to: one}
  remind: {words: [remind], to: reminding}
otherwise: {say: tick}
start: rest
states:
  rest: {}
  waiting: {}
  one: {enter: {say: tick}, after: {1 s: {if: language, to: two}}}
  two: {enter: {say: tock}, after: {1 s: {if: language, to: one}}}
  reminding: {enter: {say: tick}, after: {1 min: {if: language, to: reminding}}}
"""
BROKEN: Final = LOOPS.replace("otherwise: {say: tick}", "otherwise: {say: broken}").replace(
    "messages:", 'messages:\n  broken: "{{ event.nothing }}"'
)


RENEWS: Final = LOOPS.replace("payment_link.refused:", "payment_link.expired:").replace("1 min:", "20 min:")


@pytest.fixture(scope="module")
def loops() -> Flow:
    return load(LOOPS, "loops.yaml", SHOP, limits=LIMITS)


@pytest.mark.parametrize("word", ["go", "remind"])
def test_states_that_lead_to_each_other_by_time_say_a_few_messages_and_go_on_in_silence(
    loops: Flow, word: str
) -> None:
    chat = Simulator(loops)
    assert len(chat.write(word)) == 1
    assert len(chat.wait(60 * MINUTE)) == UNASKED
    timers = len(chat.results)
    assert chat.wait(60 * MINUTE) == []
    assert len(chat.results) >= timers + 59, "time goes on being handled"
    assert [notice.kind for notice in chat.notices] == ["unasked"]
    assert chat.notices[0].subject in ("one", "two", "reminding")
    assert chat.write("hello") != []
    assert len(chat.wait(60 * MINUTE)) == UNASKED


@pytest.mark.parametrize("reminded", [False, True], ids=["links alone", "links and a timer"])
def test_messages_about_links_count_among_those_that_nobody_asked_for(reminded: bool) -> None:
    """Here the flow asks for a new link as often as one runs out."""
    chat = Simulator(load(RENEWS, "renews.yaml", SHOP, limits=LIMITS))
    if reminded:
        chat.write("remind")
    chat.now += SECOND
    [pay] = chat.request(cart_of(("a", 1)))
    assert getattr(pay, "body", "").startswith("Pay https://")
    if reminded:
        chat.write("remind")
        before = len(chat.said)
    else:
        before = len(chat.said) - 1
    chat.wait(24 * 60 * MINUTE)
    kinds = [getattr(said.message, "body", "").partition(" ")[0] for said in chat.said[before:]]
    assert len(kinds) == UNASKED
    assert set(kinds) == ({"Pay", "Sorry.", "tick"} if reminded else {"Pay", "Sorry."})
    assert [notice.kind for notice in chat.notices] == ["unasked"]
    assert len(chat.orders) == 1
    [paid] = chat.pay()
    assert getattr(paid, "body", "") == "Paid."


def test_a_customer_who_answers_each_reminder_is_silenced_together_with_the_reminders(loops: Flow) -> None:
    chat, heard = Simulator(loops), 0
    chat.write("go")
    for _ in range(500):
        heard += len(chat.wait(SECOND)) + len(chat.write("thanks!"))
    assert heard <= 2 * (TURNS + 1)
    assert chat.wait(5 * SECOND) == []


def test_money_is_told_although_nobody_asked(loops: Flow) -> None:
    chat = Simulator(loops)
    assert chat.request(cart_of(("a", 1)))
    chat.write("go")
    chat.wait(10 * MINUTE)
    [paid] = chat.pay()
    assert getattr(paid, "body", "") == "Paid."


def test_each_order_over_the_api_gets_its_link(loops: Flow) -> None:
    chat = Simulator(loops)
    for _ in range(3 * UNASKED):
        assert chat.request(cart_of(("a", 1))) != []
    assert chat.notices == []


def test_every_offer_in_the_silence_can_still_be_tapped(shop_flow: Flow) -> None:
    chat = _looped(shop_flow)
    offered = [reply for said in chat.said for reply in said.message.replies]
    assert chat.tap_reply(offered[-1].id, offered[-1].title) != []


def test_a_slow_link_says_so_and_does_not_count_as_a_loop(shop_flow: Flow) -> None:
    chat = Simulator(shop_flow)
    for text in ("hi", "1", "checkout"):
        chat.write(text)
    chat.razorpay(Razorpay.SLOW)
    chat.write("yes")
    assert chat.wait(20 * SECOND) != []
    assert chat.razorpay(Razorpay.ANSWERS) != []
    assert chat.wait(30 * MINUTE) != []
    assert chat.notices == []


def _back_and_forth(flow: Flow) -> Simulator:
    """A customer with something in the cart, who has walked until nobody answered."""
    chat = Simulator(flow)
    chat.write("hi")
    chat.write("1")
    for turn in range(ROUNDS):
        assert _round(chat, ("menu", "cart")[turn % 2])
    assert _round(chat, "menu") == []
    return chat


_SAID: Final = ["hm", "menu", "cart", "checkout", "order", "yes", "confirm", "cancel", "2", "help", "हिंदी"]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(_SAID), max_size=12))
def test_whatever_is_said_in_the_silence_leads_nowhere_unseen(shop_flow: Flow, words: list[str]) -> None:
    chat = _back_and_forth(shop_flow)
    for word in ["checkout", "yes", *words]:
        before, orders = chat.conversation, chat.conversation.data.get("orders")
        said = _round(chat, word)
        assert said or chat.conversation.visits == before.visits
        assert orders == chat.conversation.data.get("orders") or before.state == "checkout.review"


def test_a_tap_ends_the_silence_of_whoever_went_back_and_forth(shop_flow: Flow) -> None:
    chat = _back_and_forth(shop_flow)
    assert _round(chat, "checkout") == []
    assert _round(chat, "yes") == []
    assert not chat.conversation.data.get("orders")
    assert chat.tap("Proceed to Checkout") != []
    assert chat.conversation.state == "checkout.review"
    assert _round(chat, "yes") != []
    assert chat.conversation.state == "awaiting_payment"


def test_who_only_taps_is_no_bot(shop_flow: Flow) -> None:
    chat = Simulator(shop_flow)
    chat.write("hi")
    chat.write("1")
    for _ in range(ROUNDS + 5):
        chat.write("menu")
        assert chat.tap("Change cart") != []
    assert chat.notices == []


def test_what_the_notice_names_ends_the_silence(shop_flow: Flow) -> None:
    stuck, walker = Simulator(shop_flow), _back_and_forth(shop_flow)
    for text in ("hi", "1", *["hm"] * (TURNS + 2 * ROUNDS)):  # what was not answered is not counted
        _round(stuck, text)
    assert _round(stuck, "hm") == []
    assert "go to another state" in stuck.notices[0].said
    assert _round(stuck, "checkout") != []
    assert stuck.conversation.state == "checkout.review"
    assert "go to another state" not in walker.notices[0].said
    walker.now += PAUSE
    assert _round(walker, "checkout") != []
