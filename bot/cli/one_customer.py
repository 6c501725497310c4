"""Finds the customer whom the words of a command mean."""

from bot.cli.books import customer_books
from bot.cli.lifecycle import database_url, looked_up, refuse
from bot.whatsapp import phones
from bot.whatsapp.identity import PHONE
from storage.reports.customers import Customer, find


def customers(about: str) -> list[Customer]:
    """Return those whom `about` may mean. Ends the command if there is nobody."""
    found = looked_up(_found(database_url(), about.strip()))
    if not found:
        refuse(
            f"nobody here is called '{about}': give a phone number, an order's number, or a part of a name"
        )
    return found


async def _found(url: str, words: str) -> list[Customer]:
    async with customer_books(url) as records:
        return await find(records, words, phones.meant(words))


def only(found: list[Customer], about: str) -> Customer:
    """Return the only one of `found`. Ends the command if there are several."""
    if len(found) > 1:
        refuse(f"'{about}' may be any of these, so name one:\n" + "\n".join(map(named, found)))
    return found[0]


def named(customer: Customer) -> str:
    """Return who a customer is, on one line."""
    names = ", ".join(f"{kind} {value}" for kind, value in customer.aliases)
    who = customer.name or ("forgotten" if customer.forgotten_at is not None else "no name")
    return f"{customer.conversation}  {who}  ({names or 'known by no name'})"


def called(customer: Customer) -> str:
    """Return who a customer is, in a sentence: name and number, or the conversation without either."""
    phone = next((f"+{value}" for kind, value in customer.aliases if kind == PHONE), "")
    return " ".join(filter(None, (customer.name, phone))) or customer.conversation


def phone_of(customer: Customer) -> str:
    """Return a phone number of the customer, digits only. Ends the command if none is known."""
    phone = next((value for kind, value in customer.aliases if kind == PHONE), None)
    if phone is None:
        refuse(f"{customer.conversation} has no phone number, and the server finds customers by theirs")
    return phone
