"""The `shop:` section of a flow file: what is for sale, payment links, rules for payments that do not fit."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from flows.document import durations
from flows.document.errors import close
from flows.document.shape import Count, Misplaced, Name, Texts, misplaced
from payments.shop.budgets import Budgets
from payments.shop.coupons import Coupons, find
from payments.shop.delivery import Delivery
from payments.shop.fulfilment import LADDER, Stage, is_forward
from payments.shop.handover import HandoverSpec
from payments.shop.hours import Hours
from payments.shop.legal import UNREGISTERED_PREFIX, Gst, Legal
from payments.shop.local_time import INDIA, TimeOfDay, TimeZone
from payments.shop.money import RupeesOrZero
from payments.shop.products import Article, Category, Product, uncountable
from payments.shop.sale_terms import CancelTerms, CashTerms, Rung
from payments.shop.slots import slot_of
from payments.shop.staff import Phone, StaffSpec, distinct
from payments.shop.stock import COUNTED_THERE
from payments.shop.whatsapp_pay import WhatsAppPay, switch_of

MIN_LINK_LIFE: Final = 16 * 60_000
"""Milliseconds. Razorpay wants `expire_by` over 15 minutes ahead. Source: Razorpay, Standard Links."""
MAX_LINK_LIFE: Final = 180 * 86_400_000
"""Milliseconds. Razorpay takes at most six months."""


MIN_LATE_WINDOW: Final = 86_400_000
MAX_LATE_WINDOW: Final = 30 * 86_400_000


def _life(value: Any) -> int:
    life = durations.parse(str(value))
    if not MIN_LINK_LIFE <= life <= MAX_LINK_LIFE:
        raise ValueError("Razorpay takes payment links that live from '16 min' to '180 days'")
    return life


LinkLife: TypeAlias = Annotated[int, BeforeValidator(_life)]


def _window(value: Any) -> int:
    window = durations.parse(str(value))
    if not MIN_LATE_WINDOW <= window <= MAX_LATE_WINDOW:
        raise ValueError("banks say yes up to some days late: give '1 day' to '30 days'")
    return window


LateWindow: TypeAlias = Annotated[int, BeforeValidator(_window)]


class Repairs(BaseModel):
    """What the shop does with money that does not fit the order, without asking a person."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    short: Literal["top up", "refund", "hold"] = "top up"
    """Less than the total was paid: make a link for the rest, refund all of it, or leave it to a person."""
    surplus: Literal["refund", "hold"] = "refund"
    """More than the total was paid."""
    late: Literal["fulfil", "refund", "hold"] = "fulfil"
    """Paid after the order had ended. Without stock, `fulfil` refunds the money."""


class Shop(BaseModel):
    """The shop."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Texts
    """What the shop is called."""
    categories: Annotated[list[Category], Field(max_length=1000)] = []
    """Kinds of goods, in the order in which they are shown."""
    products: Annotated[list[Product], Field(min_length=1, max_length=1000)]
    """What is for sale, in the order in which it is shown."""
    payment_link_life: LinkLife = 20 * 60_000
    """How long a payment link lives: from `16 min` to `180 days`; kept in milliseconds."""
    late_window: LateWindow = 5 * 86_400_000
    """How long after its end a payment may still arrive: `1 day` to `30 days`; kept in milliseconds.
    Razorpay asks the bank for 3 days; older pages say 5. Source: Late authorisation."""
    repairs: Repairs = Repairs()
    """What becomes of money that does not fit an order, without asking anybody."""
    timezone: TimeZone = INDIA
    """Where dates and times of the shop count, as `Asia/Kolkata`."""
    hours: Hours | None = None
    """When the shop is open. Without it, always."""
    minimum_order: RupeesOrZero = 0
    """Rupees of goods, before coupon and delivery, below which nothing is ordered; kept in paise."""
    delivery: Delivery | None = None
    """Where and when goods are brought. Without it, the flow or a person arranges that."""
    coupons: Coupons = ()
    """Codes that take something off."""
    legal: Legal | None = None
    """Who sells, as it is kept with each order."""
    gst: Gst | None = None
    """The shop's registration. Without it, no price has GST in it."""
    keeps: list[Name] = []
    """Variables of the flow that are kept with each order."""
    stages: list[Rung] = [Stage.ACCEPTED, Stage.OUT, Stage.DELIVERED]
    """The stages that orders go through after they are placed."""
    cash: CashTerms | None = None
    """Which orders may be paid in cash. Without it, none."""
    cancel: CancelTerms | None = None
    """Until when customers may call off what is paid or promised. Without it, they ask a person."""
    max_quantity: Annotated[Count, Field(le=10_000)] = 99
    """Pieces of one product in one order."""
    staff: Annotated[list[StaffSpec], AfterValidator(distinct), Field(max_length=50)] = []
    """Who runs the shop. The setting MUNSHI_STAFF adds numbers that the flow file leaves out."""
    day_report: TimeOfDay | None = None
    """The time at which the staff get the figures of the day, as `"21:30"`; kept in minutes."""
    phone: Phone | None = None
    """The number, in E.164, that customers may call when nobody can write to them; None: there is none."""
    whatsapp_pay: WhatsAppPay | None = None
    """How customers pay inside WhatsApp. Without it, they pay on Razorpay's page."""
    handover: HandoverSpec = HandoverSpec()
    """When a chat that a person has taken over comes back to the bot."""
    budgets: Budgets = Budgets()
    """How many orders and payment links one customer may ask for within an hour."""

    @model_validator(mode="after")
    def _names_fit(self) -> "Shop":
        if found := [
            *self._given_twice(),
            *self._unknown_categories(),
            *uncountable(self.products),
            *self._other_states(),
            *self._misplaced_stages(),
            *self._unfit_for_cards(),
        ]:
            raise misplaced("Shop", found)
        return self

    def _given_twice(self) -> Iterator[Misplaced]:
        """Yield each sku and each category's id that stands above already."""
        skus: list[tuple[tuple[str | int, ...], str]] = []
        for at, product in enumerate(self.products):
            skus.append((("products", at, "sku"), product.sku))
            variants = enumerate(product.variants)
            skus += [(("products", at, "variants", n, "sku"), variant.sku) for n, variant in variants]
        ids = [(("categories", at, "id"), category.id) for at, category in enumerate(self.categories)]
        for what, named in (("sku", skus), ("category", ids)):
            seen: set[str] = set()
            for place, name in named:
                if name in seen:
                    yield Misplaced(
                        place, f"the {what} '{name}' is given twice", "give each a name of its own"
                    )
                seen.add(name)

    def _unknown_categories(self) -> Iterator[Misplaced]:
        ids = [category.id for category in self.categories]
        for at, product in enumerate(self.products):
            if product.category is not None and product.category not in ids:
                mend = close(product.category, ids) or "name it under 'categories' of the shop"
                place = ("products", at, "category")
                yield Misplaced(place, f"there is no category '{product.category}'", mend)
        for at, coupon in enumerate(self.coupons):
            for n, category in enumerate(coupon.only):
                if category not in ids:
                    mend = close(category, ids) or "name it under 'categories' of the shop"
                    yield Misplaced(("coupons", at, "only", n), f"there is no category '{category}'", mend)

    def _other_states(self) -> Iterator[Misplaced]:
        """Yield each area in another state that the shop's tax does not allow."""
        for at, area in enumerate(self.delivery.areas if self.delivery else ()):
            place = ("delivery", "areas", at, "state")
            if area.state is None:
                continue
            if self.gst is None:
                mend = "remove it, or add 'gst' with the shop's number"
                yield Misplaced(place, "a shop without a GST number has no taxes of another state", mend)
            elif self.gst.scheme == "composition" and area.state != self.gst.state:
                # Source: CGST Act, s. 10(2)(c).
                mend = "deliver in the shop's own state only, or be registered under the regular scheme"
                yield Misplaced(place, "the composition scheme allows no sale to another state", mend)

    def _unfit_for_cards(self) -> Iterator[Misplaced]:
        """Yield what Meta asks for and `whatsapp_pay` lacks."""
        terms = self.whatsapp_pay
        if terms is None:
            return
        if not (terms.catalogue or terms.origin):
            mend = (
                "add the 'catalogue' that has them, or their 'origin' with importer, address, city, pincode"
            )
            yield Misplaced(("whatsapp_pay",), "Meta wants to know where the goods come from", mend)
        if self.delivery and self.delivery.areas and not (terms.city and (terms.state or self.gst)):
            mend = "add 'city', and 'state' if the shop has no 'gst'"
            yield Misplaced(("whatsapp_pay",), "Meta wants the town of goods that are delivered", mend)

    def _misplaced_stages(self) -> Iterator[Misplaced]:
        for at, (stage, following) in enumerate(pairwise(self.stages)):
            if stage is following or not is_forward(stage, following):
                message = f"'{following}' does not follow '{stage}'"
                rungs = ", ".join(rung for rung in LADDER if rung in self.stages)
                yield Misplaced(("stages", at + 1), message, f"the order is {rungs}, each once")

    @cached_property
    def _by_sku(self) -> Mapping[str, Product]:
        return {product.sku: product for product in self.products}

    @cached_property
    def articles(self) -> Mapping[str, Article]:
        """What can be ordered, by sku, in the order of the flow file."""
        return {article.sku: article for product in self.products for article in product.articles()}

    @property
    def skus(self) -> frozenset[str]:
        """The skus of all products and variants."""
        return frozenset((*self._by_sku, *self.articles))

    @property
    def switches(self) -> frozenset[str]:
        """What can be switched off: products, variants, and payment in the chat."""
        pay = self.whatsapp_pay
        return self.skus | ({switch_of(pay.configuration)} if pay else frozenset())

    def product(self, sku: str) -> Product | None:
        """Return the product with this sku, or None. It can be ordered only if it has no variants."""
        return self._by_sku.get(sku)

    def article(self, sku: str) -> Article | None:
        """Return what is ordered by this sku; None if there is no such product, or if it has variants."""
        return self.articles.get(sku)

    def only_article(self, sku: str) -> Article | None:
        """Return what is ordered by this sku, or the one variant of the product that has it.

        None if there is no such product, or if it has several variants.
        """
        product = self.product(sku)
        if product is not None and len(product.variants) == 1:
            return next(product.articles())
        return self.article(sku)

    def limit(self, article: Article, left: Mapping[str, int], off: Collection[str] = ()) -> int:
        """Return how many pieces of `article` one order may hold.

        `left` has the pieces left of each counted article; `off` the skus that the shop has switched off.
        """
        if self.is_off(article.sku, off):
            return 0
        in_stock = article.pieces(left)
        return self.max_quantity if in_stock is None else max(0, min(self.max_quantity, in_stock))

    def with_staff(self, more: Sequence[StaffSpec]) -> "Shop":
        """Return the shop with `more` staff. Raises ValueError if two of them all have one number."""
        return self.model_copy(update={"staff": distinct([*self.staff, *more])})

    def is_off(self, sku: str, off: Collection[str]) -> bool:
        """Return whether `off`, the skus that the shop has switched off, has this one or its product's."""
        article = self.article(sku)
        return sku in off or (article is not None and article.product.sku in off)

    @property
    def invoice_prefix(self) -> str:
        """The letters with which the numbers of its invoices begin."""
        return self.gst.prefix if self.gst else UNREGISTERED_PREFIX

    def gst_rate(self, product: Product) -> int:
        """Return the GST inside the product's price, in basis points; 0 if bills show none.

        It is the product's, its category's, or that of the shop.
        """
        if self.gst is None or self.gst.scheme != "regular":
            return 0
        category = self._category_of(product)
        rates = (product.gst, category.gst if category else None)
        return next((rate for rate in rates if rate is not None), self.gst.rate)

    def hsn(self, product: Product) -> str:
        """Return the product's HSN code, its category's, or that of the shop; empty if none has one."""
        category = self._category_of(product)
        return product.hsn or (category.hsn if category else None) or (self.gst.hsn if self.gst else "")

    def places(self, quota: str) -> int | None:
        """Return how often a slot or a coupon can be taken (`payments.shop.quotas`); None if any number."""
        kind, _, name = quota.partition(":")
        if kind == "coupon":
            coupon = find(self.coupons, name)
            return coupon.uses if coupon else None
        found = slot_of(self.delivery, name) if self.delivery else None
        return found[0].orders if found else None

    def _category_of(self, product: Product) -> Category | None:
        return self._by_category.get(product.category or "")

    @cached_property
    def _by_category(self) -> Mapping[str, Category]:
        return {category.id: category for category in self.categories}

    @property
    def counted(self) -> dict[str, int]:
        """Declared number of each article that has one, by sku."""
        return {sku: one.stock for sku, one in self.articles.items() if one.stock is not None}

    @property
    def stock(self) -> dict[str, int | None]:
        """Declared stock of each article, by sku: COUNTED_THERE if another counts it; None if nobody."""
        return {
            sku: COUNTED_THERE if one.is_counted_there else one.stock for sku, one in self.articles.items()
        }
