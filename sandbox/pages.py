"""The HTML page of a payment link."""

from decimal import Decimal
from html import escape
from string import Template
from typing import Final

from babel.numbers import format_currency

from sandbox.razorpay_entities import Link

_PAGE: Final = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>
  body { margin: 0; background: #eef1f6; color: #17212f; font: 16px/1.5 system-ui, sans-serif; }
  main { max-width: 24rem; margin: 2rem auto; padding: 1.5rem; background: #fff; border-radius: 12px;
         box-shadow: 0 2px 16px #17212f22; }
  h1 { margin: 0; font-size: 2.2rem; }
  .what { color: #4a5768; overflow-wrap: anywhere; }
  .note { padding: .6rem .8rem; border-radius: 8px; background: #fff4e0; }
  .good { background: #e3f6e8; }
  .bad { background: #fde8e6; }
  label { display: block; padding: .35rem 0; }
  button { width: 100%; padding: .9rem; margin-top: .8rem; border: 0; border-radius: 8px; font: inherit;
           font-weight: 600; cursor: pointer; }
  .pay { background: #1a5fd0; color: #fff; }
  .fail { background: #e6e9ee; color: #17212f; }
</style>
</head>
<body><main>
<p class="note">Sandbox: no real money moves here.</p>
$content
</main></body>
</html>
""")

_FORMS: Final = Template("""<form method="post" action="/l/$code/pay">
<label><input type="radio" name="method" value="upi" checked> UPI</label>
<label><input type="radio" name="method" value="card"> Card</label>
<label><input type="radio" name="method" value="netbanking"> Netbanking</label>
<button class="pay" type="submit">Pay $amount</button>
</form>
<form method="post" action="/l/$code/fail"><button class="fail" type="submit">Fail</button></form>""")

_ENDINGS: Final = {
    "paid": ("good", "Payment successful. You may close this page and go back to the chat."),
    "cancelled": ("bad", "This payment link was cancelled."),
}
_EXPIRED: Final = ("bad", "This payment link has expired.")


def payment_page(link: Link, *, payable: bool, failed: bool) -> str:
    """Return the page of `link`: amount and buttons if it is payable, else its final status.

    `failed`: the payer comes back from a failed attempt.
    """
    amount = rupees(link.amount)
    parts = [
        f"<h1>{amount}</h1>",
        f'<p class="what">{escape(link.description)}<br>{escape(link.reference_id)}</p>',
    ]
    if payable and failed:
        parts.append('<p class="note bad">The payment failed. You can try again.</p>')
    if payable:
        parts.append(_FORMS.substitute(code=link.code, amount=amount))
    else:
        tone, text = _ENDINGS.get(link.status, _EXPIRED)
        parts.append(f'<p class="note {tone}">{text}</p>')
    return _PAGE.substitute(title=f"Pay {amount}", content="\n".join(parts))


def unknown_page() -> str:
    """Return the page for an unknown link."""
    return _PAGE.substitute(
        title="Not found", content='<p class="note bad">There is no such payment link.</p>'
    )


def rupees(paise: int) -> str:
    """Return `paise` as people in India write it (`₹1,23,456.00`)."""
    return format_currency(Decimal(paise).scaleb(-2), "INR", locale="en_IN")
