"""Which customer an event belongs to: the rules about names, on possible histories in any order."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot.whatsapp.channel import WHATSAPP
from storage.inbox.customers import Alias, Directory, Evidence, Known, address

DAY = 24 * 3600 * 1000
T0 = 1_790_000_000_000


def phone(number: int) -> Alias:
    return ("phone", f"9198000000{number:02}")


def bsuid(number: int) -> Alias:
    return ("bsuid", f"IN.{number}")


def reached(directory: Directory, customer: int) -> tuple[str | None, str | None]:
    """The address of a customer."""
    rows: list[dict[str, Any]] = [
        {"id": id, "kind": kind, "value": value, "told_at": known.told_at, "beside": known.beside}
        for id, ((kind, value), known) in enumerate(directory.known.items())
        if directory.find(known.owner) == directory.find(customer)
    ]
    names = dict(address(rows, WHATSAPP.naming))
    return names.get("phone"), names.get("bsuid")


def epochs(count: int) -> list[list[Evidence]]:
    """One person who changes their number every other hour: the names in each period, and each change."""
    found = []
    for n in range(count):
        at = T0 + n * 2 * 3600_000
        told = [
            Evidence((bsuid(n), phone(n)), at + 60_000),
            Evidence((bsuid(n), phone(n)), at + 3_600_000),
            Evidence((bsuid(n),), at + 120_000),
            Evidence((phone(n),), at + 180_000),
            Evidence((phone(n),)),
        ]
        if n:
            told += [
                Evidence((phone(n),), at, formerly=(phone(n - 1),)),
                Evidence((bsuid(n),), at, formerly=(bsuid(n - 1),)),
                Evidence((bsuid(n), phone(n)), at, formerly=(bsuid(n - 1), phone(n - 1))),
            ]
        found.append(told)
    return found


@st.composite
def tellings(draw: st.DrawFn) -> tuple[int, list[Evidence]]:
    """How often the number changed, and shuffled evidence that proves one person."""
    count = draw(st.integers(1, 4))
    told: list[Evidence] = []
    for n, pool in enumerate(epochs(count)):
        told.append(pool[0])
        if n:
            told.append(draw(st.sampled_from(pool[5:])))
        told += draw(st.lists(st.sampled_from(pool), max_size=4))
    return count, draw(st.permutations(told))


@given(tellings())
def test_one_person_ends_as_one_customer_at_the_newest_number_whatever_the_order(
    telling: tuple[int, list[Evidence]],
) -> None:
    count, told = telling
    directory = Directory(WHATSAPP.naming)
    found = [directory.customer(evidence, None) for evidence in told]
    assert len({directory.find(customer) for customer in found}) == 1
    assert len({directory.find(known.owner) for known in directory.known.values()}) == 1
    assert reached(directory, found[0])[0] == phone(count - 1)[1]


@given(tellings(), st.data())
def test_a_word_told_twice_moves_nobody(telling: tuple[int, list[Evidence]], data: st.DataObject) -> None:
    _, told = telling
    directory = Directory(WHATSAPP.naming)
    for evidence in told:
        directory.customer(evidence, None)
    before = directory.customer(told[0], None)
    there = reached(directory, before)
    for evidence in data.draw(st.lists(st.sampled_from(told), max_size=6)):
        assert directory.find(directory.customer(evidence, None)) == directory.find(before)
    assert reached(directory, before) == there


Life = list[tuple[int, Evidence]]


@st.composite
def crowds(draw: st.DrawFn) -> Life:
    """(person, what is told): three persons of whom one after the other has the same two numbers, shuffled.

    Each writes from a number while they have it, with their BSUID; the shop's own system names numbers.
    """
    told: Life = []
    for person in range(3):
        for number in range(2):
            at = T0 + (person * 2 + number) * 30 * DAY
            moment = st.integers(at, at + 20 * DAY)
            written = draw(st.lists(moment, min_size=1, max_size=3))
            names: tuple[Alias, ...] = (bsuid(person), phone(number))
            told += [(person, Evidence(names, when)) for when in written]
            told += [(person, Evidence(names[:1], when)) for when in draw(st.lists(moment, max_size=1))]
    told += [(-1, Evidence((phone(n),))) for n in draw(st.lists(st.integers(0, 1), max_size=2))]
    return draw(st.permutations(told))


@given(crowds())
def test_two_persons_are_never_joined_by_a_number_that_both_have_had(told: Life) -> None:
    directory = Directory(WHATSAPP.naming)
    of: dict[int, set[int]] = {}
    for person, evidence in told:
        customer = directory.customer(evidence, None)
        if person >= 0:
            of.setdefault(person, set()).add(customer)
    found = {person: {directory.find(c) for c in customers} for person, customers in of.items()}
    assert all(len(customers) == 1 for customers in found.values()), "one person is one"
    assert len({min(customers) for customers in found.values()}) == 3, "and three are three"
    for person, (customer,) in found.items():
        assert reached(directory, customer) != (None, None)
        theirs = {k.beside for a, k in directory.known.items() if directory.find(k.owner) == customer}
        assert theirs <= {None, bsuid(person)[1]}


@given(crowds())
def test_a_number_is_at_last_its_last_owners(told: Life) -> None:
    directory = Directory(WHATSAPP.naming)
    found = {person: directory.customer(evidence, None) for person, evidence in told}
    for number in range(2):
        known = directory.known[phone(number)]
        assert directory.find(known.owner) == directory.find(found[2])


def known_to(*names: Alias, at: int = T0) -> tuple[Directory, int]:
    directory = Directory(WHATSAPP.naming)
    return directory, directory.customer(Evidence(names, at), None)


def test_a_recipient_of_another_name_is_the_same_person() -> None:
    directory, asha = known_to(phone(1))
    ravi = directory.customer(Evidence((bsuid(7), phone(7)), T0), None)
    assert directory.recipient(asha, Evidence((bsuid(1),))) == asha
    assert reached(directory, asha) == (phone(1)[1], bsuid(1)[1]), "the number goes with the id from now on"
    assert directory.recipient(asha, Evidence((bsuid(7), phone(1)))) == asha, "now somebody else's"
    assert directory.find(ravi) != directory.find(asha)
    assert directory.find(directory.known[phone(1)].owner) == asha


def test_a_recipient_known_elsewhere_is_joined() -> None:
    directory, by_id = known_to(bsuid(1))
    by_phone = directory.customer(Evidence((phone(1),)), None)
    assert directory.recipient(by_phone, Evidence((bsuid(1), phone(1)))) == directory.find(by_id)
    assert reached(directory, by_id)[0] == phone(1)[1]


def test_what_others_say_never_moves_the_address() -> None:
    """The shop's own system may hold an old number, and a message to one may be delivered late."""
    directory, asha = known_to(bsuid(1), phone(1))
    directory.customer(Evidence((phone(2),), T0 + DAY, formerly=(phone(1),)), None)
    directory.customer(Evidence((phone(1),)), None)
    directory.recipient(asha, Evidence((bsuid(1), phone(1))))
    assert reached(directory, asha)[0] == phone(2)[1]


def test_a_late_word_from_the_old_number_of_the_same_second_moves_no_address() -> None:
    """WhatsApp's times are whole seconds: a message from each number and the change may have the same."""
    directory = Directory(WHATSAPP.naming)
    asha = directory.customer(Evidence((bsuid(2), phone(2)), T0), None)
    directory.customer(Evidence((bsuid(2), phone(2)), T0, formerly=(bsuid(1), phone(1))), None)
    directory.customer(Evidence((bsuid(1), phone(1)), T0), None)
    assert reached(directory, asha) == (phone(2)[1], bsuid(2)[1])


def test_a_number_that_was_somebody_elses_long_ago_joins_nobody() -> None:
    """Asha takes over a number that Ravi gave up; her new id is not known."""
    directory, ravi = known_to(bsuid(7), phone(2))
    later = T0 + 60 * DAY
    asha = directory.customer(Evidence((bsuid(1), phone(1)), later), None)
    assert directory.customer(Evidence((phone(2),), later + DAY, formerly=(phone(1),)), None) == asha
    assert directory.find(ravi) != directory.find(asha)
    assert reached(directory, asha)[0] == phone(2)[1]
    assert reached(directory, ravi) == (None, bsuid(7)[1])
    assert directory.customer(Evidence((bsuid(2), phone(2)), later + 2 * DAY), None) == asha, "her new id"


def test_an_ordinary_message_writes_nothing() -> None:
    directory, _ = known_to(bsuid(1), phone(1))
    directory.added.clear()
    directory.customer(Evidence((bsuid(1), phone(1)), T0 + DAY), None)
    directory.recipient(-1, Evidence((bsuid(1), phone(1))))
    assert (directory.added, directory.changed) == (set(), set())


def test_the_address_follows_the_id_when_the_number_is_hidden() -> None:
    directory, asha = known_to(bsuid(1), phone(1))
    directory.customer(Evidence((bsuid(2),), T0 + DAY, formerly=(bsuid(1),)), None)
    assert reached(directory, asha) == (None, bsuid(2)[1]), "the number went with the old id"
    directory.customer(Evidence((bsuid(2), phone(2)), T0 + 2 * DAY), None)
    assert reached(directory, asha) == (phone(2)[1], bsuid(2)[1])


def test_rows_are_read_as_they_were_written() -> None:
    directory = Directory(WHATSAPP.naming)
    directory.load([{"kind": "phone", "value": "1", "conversation_id": 5, "told_at": 7, "beside": "IN.1"}])
    assert directory.known == {("phone", "1"): Known(5, 7, "IN.1")}
    assert directory.customer(Evidence((("phone", "1"),), 9), None) == 5
    assert directory.names == {}


_NAMES = st.sampled_from([phone(1), phone(2), bsuid(1), bsuid(2)])
_WORDS = st.builds(
    Evidence,
    st.lists(_NAMES, min_size=1, max_size=2, unique=True).map(tuple),
    st.sampled_from([0, T0, T0 + DAY]),
    st.one_of(st.just(()), st.tuples(_NAMES)),
)


def play(directory: Directory, told: tuple[bool, Evidence]) -> None:
    """Store a message; or a delivery receipt of a message to the owner of the first name."""
    receipt, evidence = told
    known = directory.known.get(evidence.names[0])
    if receipt and known:
        directory.recipient(known.owner, evidence)
    elif not receipt:
        directory.customer(evidence, None)


def stored(directory: Directory) -> Directory:
    """The stored names as the next batch reads them: each customer by their latest number."""
    again = Directory(WHATSAPP.naming)
    owners = {directory.find(known.owner) for known in directory.known.values()}
    last = max({0} | owners)
    ids = {owner: owner if owner > 0 else last - owner for owner in owners}
    again.load(
        {
            "kind": kind,
            "value": value,
            "conversation_id": ids[directory.find(known.owner)],
            "told_at": known.told_at,
            "beside": known.beside,
        }
        for (kind, value), known in directory.known.items()
    )
    return again


def together(directory: Directory) -> dict[Alias, tuple[frozenset[Alias], int, str | None]]:
    """By alias: the aliases of the same customer, and what is stored of it."""
    owners = {alias: directory.find(known.owner) for alias, known in directory.known.items()}
    return {
        alias: (frozenset(a for a in owners if owners[a] == owners[alias]), known.told_at, known.beside)
        for alias, known in directory.known.items()
    }


@given(st.lists(st.tuples(st.booleans(), _WORDS), max_size=8))
def test_what_comes_in_one_batch_teaches_the_same_as_one_by_one(told: list[tuple[bool, Evidence]]) -> None:
    batch, single = Directory(WHATSAPP.naming), Directory(WHATSAPP.naming)
    for word in told:
        play(batch, word)
        play(single, word)
        single = stored(single)
        for alias, known in batch.known.items():
            owners = [owner for owner, owned in batch._owned.items() if alias in owned]
            assert owners == [batch.find(known.owner)]
        assert together(batch) == together(single)


def test_a_number_that_was_joined_a_moment_ago_is_beside_no_other_id() -> None:
    told = [
        Evidence((phone(2),), T0 + 5_000),
        Evidence((phone(2),), T0 + 5_000, formerly=(phone(1),)),
    ]
    found = []
    for order in (told, told[::-1]):
        directory, asha = known_to(phone(1))
        for evidence in order:
            directory.customer(evidence, None)
        directory.recipient(asha, Evidence((bsuid(2), phone(2))))
        found.append(together(directory))
    assert found[0] == found[1]
    assert directory.known[phone(1)].beside is None
