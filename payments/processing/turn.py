"""The turn of one event: the conversation and shop that it changes, its messages, timers and notices."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeAlias

from flows.engine.conversation import Conversation
from flows.engine.effects import Effect, Say, StartTimer, Tell
from flows.engine.events import Event, Received
from flows.engine.model import Flow
from flows.engine.step import Step, step
from flows.messages.kinds import Message, Text
from payments.ledger.invoicing import Issuing, issued
from payments.ledger.polling import Poll
from payments.ledger.state import OrderState
from payments.processing.answers import is_limited, limit_notice, topic
from payments.processing.bodies import StaffAction
from payments.processing.card_messages import on_card, with_bill, worded
from payments.processing.changes import Caused, ChangeSet, Command, Told
from payments.processing.checkout_changes import without_given_up
from payments.processing.conversation_data import data, of_conversation
from payments.processing.events_out import EventOut, EventType, of_orders
from payments.processing.forgetting import of_nobody
from payments.processing.notice import Notice
from payments.processing.shop_state import ShopState
from payments.processing.silence import decide_silence, withheld
from payments.processing.step_context import StepContext
from payments.processing.step_input import EventKind, InboxEvent, StepInput
from payments.shop import switches
from payments.shop.budgets import recent
from payments.shop.catalogue import Shop
from payments.shop.consent import Hears
from payments.shop.invoice import Invoice
from payments.shop.switches import Switch

Trace: TypeAlias = tuple[Mapping[str, Any], ...]

_NOBODY: Final[Trace] = ({"ignored": "the customer was forgotten: there is nobody to tell"},)


@dataclass(slots=True)
class Turn:
    """What one event has done so far. If it fails, all is dropped but what was learned of money."""

    flow: Flow
    now: int
    """Milliseconds since 1970, UTC."""
    event: InboxEvent
    conversation: Conversation
    shop: ShopState
    given: StepInput
    """The input of the step that the turn is part of."""
    account: str | None
    """Razorpay's id of our account, if it is known."""
    before: Mapping[str, OrderState]
    """The orders before the event."""
    had_person: bool = False
    """Whether a person had the chat before the event."""
    forgotten: bool = False
    """Whether the customer was forgotten: nothing is said, and the flow is left alone."""
    forgets: bool = False
    """Whether this event forgot them."""
    messages: list[Say] = field(default_factory=list)
    timers: list[StartTimer] = field(default_factory=list)
    polls: list[Poll] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    switches: list[Switch] = field(default_factory=list)

    @property
    def reminding(self) -> bool:
        """Whether time alone caused the event, so that its messages are reminders."""
        return self.event.kind in (EventKind.TIMER, EventKind.HANDOVER)

    def run(self, event: Event) -> tuple[Trace, bool]:
        """Run `event` through the flow. Return the trace, and whether any rule answered it."""
        if self.forgotten:
            return _NOBODY, False
        before, shop = self.conversation, self.shop
        done = self._step(before, event, shop)
        kept = self._kept_from_customer()
        says = 0 if kept else sum(isinstance(effect, Say) for effect in done.effects)
        # A loop of timers that only the staff would hear is a loop too.
        says = says or any(isinstance(effect, Tell) for effect in done.effects)
        gained = _progress(before, shop) != _progress(done.conversation, done.host)
        ruling = decide_silence(self.flow, before, done.conversation, event, says, self.now, gained=gained)
        self.notices += ruling.notices
        trace = withheld(done.trace, because) if (because := ruling.because or kept) else done.trace
        if not ruling.taken:
            self.conversation = replace(before, talk=ruling.talk)
            return tuple({**entry, "entered": [], "did": [], "undone": True} for entry in trace), False
        moved = done.conversation.state != before.state
        self.shop = without_given_up(shop, done.host) if moved else done.host
        after = _unshown(before, done.conversation) if kept else done.conversation
        self.conversation = replace(after, talk=ruling.talk)
        self.timers += [effect for effect in done.effects if isinstance(effect, StartTimer)]
        self._note_limits(trace)
        if because is None:
            self._say(done.effects, self.shop.order, event)
        return self._tell(done.effects, trace, ruling.because), done.applied

    def _note_limits(self, trace: Trace) -> None:
        """Tell operators if the customer was refused something as too much; once an hour."""
        spent = self.shop.spent
        if is_limited(trace) and not recent([spent.told], self.now):
            self.shop = self.shop._replace(spent=spent._replace(told=self.now))
            self.notices.append(limit_notice(self.conversation.id))

    def is_strange(self, event: Event) -> bool:
        """Return whether the flow has no answer to `event` here but `otherwise`."""
        trace = self._step(self.conversation, event, self.shop).trace
        return any(entry["event"] == "otherwise" for entry in trace)

    @property
    def unwanted_reminders(self) -> str | None:
        """Why reminders are not for the customer now; None if they are."""
        if self.shop.handover:
            return "a person has the chat, and reminders would disturb it"
        return "the customer wants no reminders" if self.shop.hears is Hears.NOTHING else None

    def _kept_from_customer(self) -> str | None:
        """Return why messages of the event are not for the customer; None if they are."""
        return self.unwanted_reminders if self.reminding else None

    def notify_only(self, key: str, events: Iterable[Event]) -> tuple[Trace, bool]:
        """Send the messages of `events` about an order that is not the current one.

        Nothing else changes, but that what the customer was offered is not the last thing they were sent.
        """
        trace: list[Mapping[str, Any]] = []
        applied = False
        for event in () if self.forgotten else events:
            done = self._step(self.conversation, event, self.shop.aside(key))
            entries = tuple({**entry, "entered": [], "did": [], "aside": True} for entry in done.trace)
            trace += self._tell(done.effects, entries, None)
            applied = applied or done.applied
            self._say(done.effects, self.shop.known(key), event)
            if any(isinstance(effect, Say) for effect in done.effects):
                self._other_news()
        return tuple(trace), applied

    def forget(self) -> None:
        """Erase who the customer is, and where they stand."""
        self.conversation = Conversation(self.conversation.id, visit_count=self.conversation.visit_count)
        self.shop = of_nobody(self.shop)
        self.forgotten = self.forgets = True

    def apologise(self) -> None:
        """Say that the customer's event could not be handled, unless messages to them are withheld."""
        if self.forgotten:
            return
        apologies, conversation = self.flow.apologies, self.conversation
        said = apologies.get(conversation.language) or apologies[self.flow.languages[0]]
        ruling = decide_silence(
            self.flow, conversation, conversation, Received("unhandled"), 1, self.now, gained=False
        )
        self.conversation = replace(conversation, talk=ruling.talk)
        self.notices += ruling.notices
        if ruling.because is None:
            self.say(Say("apology", Text(said)))

    def say(self, said: Say) -> None:
        """Send the customer a message that no rule says."""
        self.messages.append(said)
        self._other_news()

    def _other_news(self) -> None:
        """Note that what the customer was offered is not the last thing that they were sent."""
        self.conversation = replace(self.conversation, sent_since=bool(self.conversation.choices))

    def switch(self, done: Switch) -> None:
        """Switch a product or variant off or on, for the events of this step that follow too."""
        self.switches.append(done)
        at = self.shop.at
        self.shop = self.shop._replace(at=at._replace(off=switches.after(at.off, [done])))

    def answer(self, action: StaffAction, text: str) -> None:
        """Tell the member of the staff who did `action` what became of it."""
        self.reply(action, Text(text))

    def reply(self, action: StaffAction, message: Message) -> None:
        """Send a message to the member of the staff who did `action`."""
        if action.answer_to:
            self.told.append(Told((action.answer_to,), "answer to the staff", message))

    def changes(self) -> ChangeSet:
        """Return all that the event changed."""
        number = self.event.number
        conversation = replace(self.conversation, data=data(self.shop))
        found = ChangeSet(
            conversation,
            messages=[Caused(number, say) for say in self._with_topics()],
            timers=self.timers,
            calls=[
                Caused(number, worded(call, self.shop.at.shop, conversation.language))
                for call in self.shop.calls
            ],
            moves=list(self.shop.moves),
            shelved=list(self.shop.shelved),
            bookings=list(self.shop.bookings),
            polls=self.polls,
            notices=self.notices,
            to_forget=[number] if self.shop.to_forget else [],
            forgotten=[number] if self.forgets else [],
            told=[Caused(number, told) for told in self.told],
            commands=[Caused(number, command) for command in self.commands],
            switches=self.switches,
            checks=list(self.shop.checks),
            happened=self._happened(),
        )
        found.compare(number, self.before, self.shop.orders)
        found.invoices = [Caused(number, invoice) for invoice in self._invoices()]
        return found

    def _with_topics(self) -> list[Say]:
        """Return the messages, those marked that newer ones may supersede. Nothing supersedes the staff's."""
        if self.conversation.id in self.given.staff:
            return self.messages
        orders = self.shop.orders
        changed = any(self.before.get(key) is not state for key, state in orders.items())
        return [
            replace(say, topic=topic(say, self.event.kind, orders.values(), about_order=changed))
            for say in self.messages
        ]

    def _happened(self) -> list[EventOut]:
        """Return what other programs may hear of."""
        found = of_orders(self.before, self.shop.orders)
        has_person = self.shop.handover is not None
        if has_person != self.had_person:
            found.append(EventOut(EventType.OPENED if has_person else EventType.ENDED))
        if self.forgets:
            found.append(EventOut(EventType.FORGOTTEN))
        return found

    def issues(self, after: OrderState) -> Invoice | None:
        """Return the invoice or credit note that this event issues for an order that is `after` now."""
        before, shop = self.before.get(after.key), self.shop.at.shop
        if after is before:
            return None
        customer = str(self.conversation.customer.get("name") or "")
        return issued(before, after, Issuing(self.now, shop.timezone, shop.invoice_prefix, customer))

    def _invoices(self) -> Iterator[Invoice]:
        """Yield what the changes of orders issue."""
        return filter(None, map(self.issues, self.shop.orders.values()))

    def _step(self, conversation: Conversation, event: Event, shop: ShopState) -> Step:
        return step(self.flow, conversation, event, self.now, self.event.number, shop)

    def _say(self, effects: Iterable[Effect], about: OrderState | None, event: Event) -> None:
        """Say what `event` leads to; `about` is the order that it is about."""
        says = tuple(effect for effect in effects if isinstance(effect, Say))
        said = with_bill(on_card(says, about, event), self.shop, reminding=self.reminding)
        self.shop = said.shop
        if said.shown:
            self.polls.append(Poll(said.shown.reference_id, self.now, 0))
        self.messages += [replace(say, reminder=True) for say in said.says] if self.reminding else said.says

    def _tell(self, effects: Iterable[Effect], trace: Trace, because: str | None) -> Trace:
        """Tell all of the staff. Return the trace, in which it is marked if `because` keeps it from them.

        What keeps a reminder from a customer does not keep the same rule's message from the staff.
        """
        to = tuple(self.given.staff)
        if because is None and not to:
            because = "the shop has no staff"
        if because is not None:
            return withheld(trace, because, "told", "untold")
        self.told += [Told(to, one.name, one.message) for one in effects if isinstance(one, Tell)]
        return trace


def begin(flow: Flow, given: StepInput, now: int) -> Turn:
    """Return the turn before the first event of `given`."""
    shop: Shop = flow.sections["shop"]
    more = (given.off, given.phone, given.staff, _silent(flow, given, now))
    at = StepContext(shop, now, given.conversation.id, 0, given.nonce, *more)
    shared = (given.left, given.taken, given.next_number)
    state = of_conversation(given.conversation, at, given.orders, *shared)
    nothing = InboxEvent(0, EventKind.OTHER, {}, now)
    rest = (given.account, given.orders, state.handover is not None, given.forgotten)
    return Turn(flow, now, nothing, given.conversation, state, given, *rest)


def _silent(flow: Flow, given: StepInput, now: int) -> frozenset[str]:
    window, heard = flow.limits.window, given.staff_heard.items()
    return frozenset(one for one, at in heard if at is None or now - at >= window)


def following(last: Turn, event: InboxEvent) -> Turn:
    """Return the turn of `event`, which follows `last`."""
    at = last.shop.at._replace(number=event.number)
    shop = last.shop._replace(
        at=at,
        calls=(),
        moves=(),
        shelved=(),
        bookings=(),
        unresolved={},
        to_forget=False,
        checks=(),
        before_order=None,
        before_request=None,
    )
    rest = (last.given, last.account, shop.orders, shop.handover is not None, last.forgotten)
    return Turn(last.flow, last.now, event, last.conversation, shop, *rest)


def _unshown(before: Conversation, after: Conversation) -> Conversation:
    """Return the conversation after messages that were kept from the customer: they saw no choices."""
    if after.visits == before.visits:
        return replace(after, choices=before.choices, sent_since=before.sent_since)
    return replace(after, choices=(), sent_since=False)


def _progress(conversation: Conversation, shop: ShopState) -> tuple[Any, ...]:
    """Return what the customer has reached: variables, cart, orders, a person, the current order's state."""
    order = shop.order
    stands = (order.key, order.next_ordinal, order.status, order.lapsed) if order else ()
    return (conversation.variables, shop.cart, shop.placed, shop.hears, shop.handover is None, *stands)
