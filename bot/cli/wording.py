"""How commands write numbers."""

from payments.money import money
from payments.orders import CURRENCY


def counted(number: int, what: str) -> str:
    """`1 order`, `2 orders`."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def shown(amount: int, currency: str) -> str:
    """`amount` for people. Only of rupees is it known here how many of the smallest unit make one."""
    return money(amount) if currency == CURRENCY else f"{amount} of the smallest unit of {currency}"
