"""`#products`: from their phones the staff find every sku of a shop, however many it has."""

from bot.whatsapp.limits import LIMITS
from flows.engine.model import Flow
from flows.language.load import load
from flows.messages.limits import length
from payments.processing.actions import SHOP
from payments.processing.staff_products import LINES
from payments.simulator.simulator import Simulator
from tests.payments.shops_with_staff import MEENA, TEXT
from tests.payments.tiffin_shop import told

COUNT = 2 * LINES + 5


def of_many(more: str = "", staff: str = MEENA) -> Flow:
    """A shop with many products, all with long names, and one with two sizes; and `more`."""
    goods = [
        f"    - {{sku: jam-{n}, price: 30, name: {{en: Jam {n} {'😀' * 150}, hi: मुरब्बा {n}}}}}"
        for n in range(COUNT)
    ]
    sizes = "[{sku: rice-s, price: 9, name: 1 kg}, {sku: rice-l, price: 40, name: 5 kg}]"
    goods.append(f"    - {{sku: rice, name: Rice, variants: {sizes}}}")
    goods.append(more)
    text = TEXT.replace("STAFF", staff).replace("  products:\n", "  products:\n" + "\n".join(goods) + "\n", 1)
    return load(text, "flows.yaml", SHOP, limits=LIMITS)


def test_the_pages_show_each_sku_once_and_each_page_can_be_sent() -> None:
    simulator = Simulator(of_many())
    shown, asks = list[str](), "#products"
    for _ in range(9):
        [page] = told(simulator, "Meena", asks)
        assert length(page) <= LIMITS.text_body
        *lines, last = page.splitlines()
        shown += lines
        if not last.startswith("#products"):
            shown.append(last)
            break
        asks = last.partition(" shows")[0]
    skus = [f"jam-{n}" for n in range(COUNT)] + ["rice-s", "rice-l", "glass"]
    assert [line.partition(":")[0] for line in shown] == skus
    assert shown[-3:] == ["rice-s: Rice, 1 kg", "rice-l: Rice, 5 kg", "glass: A glass"]


def test_what_is_off_says_so_also_by_its_product() -> None:
    simulator = Simulator(of_many())
    simulator.store.off = frozenset({"glass", "rice"})
    assert told(simulator, "Meena", "#product गिलास") == ["glass (off): A glass"]
    assert told(simulator, "Meena", "#product rice 5") == ["rice-l (off): Rice, 5 kg"]
    assert told(simulator, "Meena", "#products जैम नहीं") == [
        "Nothing is called 'जैम नहीं'. #products alone shows all."
    ]


def test_a_word_that_many_have_shows_the_first_of_them() -> None:
    [page] = told(Simulator(of_many()), "Meena", "#products jam")
    assert len(page.splitlines()) == LINES + 1
    assert page.endswith(f"and {COUNT - LINES} more: add a word of the name.")


def test_a_member_switches_a_product_off_and_on_by_typing_the_other_word() -> None:
    simulator = Simulator(of_many())
    assert told(simulator, "Meena", "#product glass off") == [
        "glass is off now. #product glass on puts it back.\nglass (off): A glass\n"
        f"{COUNT + 2} of {COUNT + 3} are on sale: #products shows all."
    ]
    assert simulator.store.off == {"glass"}
    [again] = told(simulator, "Meena", "#products glass OFF")
    assert again.startswith("glass is off already.")
    [back] = told(simulator, "Meena", "#product Glass on")
    assert back.startswith("glass is on now. #product glass off takes it off again.\nglass: A glass\n")
    assert simulator.store.off == frozenset()


def test_a_size_that_is_on_says_that_its_product_is_off() -> None:
    simulator = Simulator(of_many())
    [said] = told(simulator, "Meena", "#product rice off")
    assert "rice-s (off): Rice, 1 kg\nrice-l (off): Rice, 5 kg\n" in said
    [said] = told(simulator, "Meena", "#product rice-l on")
    whole = "all of rice is off: #product rice on puts it back."
    assert said.splitlines()[0] == f"rice-l alone is on already, but {whole}"


def test_what_is_switched_may_be_called_by_words_of_its_name_alone() -> None:
    simulator = Simulator(of_many())
    for words, sku in (("rice 5 kg", "rice-l"), ("गिलास", "glass"), ("rice 1", "rice-s")):
        [said] = told(simulator, "Meena", f"#product {words} off")
        assert said.startswith(f"{sku} is off now.")
    for words, answer in {
        "": "Not done: say which: #product <sku> off. #products shows all skus.",
        "kaju": "Not done: nothing is called 'kaju'. #products shows all skus.",
        "kg": "rice is off now. #product rice on puts it back.",
    }.items():
        [said] = told(simulator, "Meena", f"#product {words} off")
        assert said.splitlines()[0] == answer
    for words in ("12", "51", "12 kg"):  # no word of a name alone, and nothing like a number
        [said] = told(simulator, "Meena", f"#product {words} off")
        assert "did you mean '5'" not in said
        assert "did you mean '1'" not in said
    for words, near in {"rise": "rice", "glsas": "glass", "RICE-SS": "rice-s"}.items():
        [said] = told(simulator, "Meena", f"#product {words} off")
        meant = f"nothing is called '{words}': did you mean '{near}'?"
        assert said == f"Not done: {meant} #products shows all skus."
    [said] = told(simulator, "Meena", "#product jam off")
    assert said.startswith("Not done: that may be jam-0, jam-1, ")
    assert said.endswith(f"jam-7 and {COUNT - 8} more: type one sku, as in #product jam-0 off")


def test_the_word_may_stand_before_the_name() -> None:
    simulator = Simulator(of_many())
    [said] = told(simulator, "Meena", "#product off A glass")
    assert said.startswith("glass is off now.")
    [said] = told(simulator, "Meena", "#products on glass")  # a list is asked for, and changes nothing
    assert said == "Nothing is called 'on glass'. #products alone shows all."
    assert simulator.store.off == {"glass"}
    [said] = told(simulator, "Meena", "#product On glass")
    assert said.startswith("glass is on now.")


def test_who_may_not_change_orders_switches_nothing() -> None:
    simulator = Simulator(of_many(staff="{name: Ravi, phone: '+919812345673', may: [money]}"))
    [said] = told(simulator, "Ravi", "#product glass off")
    assert said == "Not done: that needs the right 'orders', which Ravi does not have."
    assert simulator.store.off == frozenset()
    assert "#product " not in told(simulator, "Ravi", "#help")[0]


NUMBERED = """
    - {sku: "501", price: 9, name: Rope}
    - sku: "2"
      name: Twine
      variants: [{sku: "2-a", price: 9, name: thin}, {sku: "7", price: 9, name: thick}]
"""


def test_a_number_is_a_sku_if_the_shop_has_it_and_else_a_page() -> None:
    simulator = Simulator(of_many(NUMBERED))
    assert told(simulator, "Meena", "#products 501") == ["501: Rope"]
    assert told(simulator, "Meena", "#products 7") == ["7: Twine, thick"]
    assert told(simulator, "Meena", "#products 2") == ["2-a: Twine, thin\n7: Twine, thick"]
    [third] = told(simulator, "Meena", "#products 3")
    assert third.splitlines()[0].startswith(f"jam-{2 * LINES}:")
    assert told(simulator, "Meena", "#products 50") == ["There is no page 50: #products 3 shows the last."]


def test_a_page_whose_number_is_a_sku_can_still_be_had() -> None:
    simulator = Simulator(of_many(NUMBERED))
    [first] = told(simulator, "Meena", "#products")
    assert first.splitlines()[-1].startswith("#products page 2 shows the next of 3 pages")
    [second] = told(simulator, "Meena", "#products page 2")
    assert second.splitlines()[0].startswith(f"jam-{LINES}:")
    assert second.splitlines()[-1].startswith("#products 3 shows the next")
