"""The words on invoices, in English and Hindi."""

from collections.abc import Mapping
from typing import Final

from payments.shop.invoice import InvoiceKind

_ENGLISH: Final[Mapping[str, str]] = {
    InvoiceKind.TAX_INVOICE: "Tax invoice",
    InvoiceKind.BILL_OF_SUPPLY: "Bill of supply",
    InvoiceKind.BILL: "Bill",
    InvoiceKind.CREDIT_NOTE: "Credit note",
    "number": "Number",
    "date": "Date",
    "order": "Order",
    "against": "Against",
    "against_dated": "dated",
    "gstin": "GSTIN",
    "fssai": "FSSAI",
    "buyer": "Bill to",
    "place": "Place of supply",
    "item": "Description",
    "hsn": "HSN",
    "quantity": "Qty",
    "rate": "GST %",
    "taxable": "Taxable",
    "cgst": "CGST",
    "sgst": "SGST",
    "igst": "IGST",
    "amount": "Amount",
    "price": "Price before discount",
    "discount": "Discount",
    "coupon": "Coupon",
    "total": "Total",
    "Delivery": "Delivery",
    "composition": "Composition taxable person, not eligible to collect tax on supplies",
    "reverse": "Tax payable on reverse charge: no",
    "electronic": "Issued electronically; valid without signature.",
    "page": "Page",
}
_HINDI: Final[Mapping[str, str]] = {
    InvoiceKind.TAX_INVOICE: "कर बीजक (Tax invoice)",
    InvoiceKind.BILL_OF_SUPPLY: "आपूर्ति बिल (Bill of supply)",
    InvoiceKind.BILL: "बिल (Bill)",
    InvoiceKind.CREDIT_NOTE: "क्रेडिट नोट (Credit note)",
    "number": "संख्या",
    "date": "दिनांक",
    "order": "ऑर्डर",
    "against": "इसके विरुद्ध",
    "against_dated": "दिनांक",
    "gstin": "GSTIN",
    "fssai": "FSSAI",
    "buyer": "ग्राहक",
    "place": "आपूर्ति का स्थान",
    "item": "विवरण",
    "hsn": "HSN",
    "quantity": "मात्रा",
    "rate": "GST %",
    "taxable": "कर योग्य",
    "cgst": "CGST",
    "sgst": "SGST",
    "igst": "IGST",
    "amount": "राशि",
    "price": "छूट से पहले मूल्य",
    "discount": "छूट",
    "coupon": "कूपन",
    "total": "कुल",
    "Delivery": "डिलीवरी",
    "composition": "Composition taxable person, not eligible to collect tax on supplies",
    "reverse": "रिवर्स चार्ज पर देय कर: नहीं",
    "electronic": "इलेक्ट्रॉनिक रूप से जारी; हस्ताक्षर आवश्यक नहीं।",
    "page": "पृष्ठ",
}
_WORDS: Final = {"en": _ENGLISH, "hi": _HINDI}


def words(language: str) -> Mapping[str, str]:
    """Return the words in this language; in English if there are none in it."""
    return _WORDS.get(language, _ENGLISH)
