"""The texts of bubbles."""

from typing import Final

from bot.console.words import Texts

BUBBLES: Final[Texts] = {
    "tick_waits": ("waits to be sent", "भेजा जाना है"),
    "tick_sent": ("sent", "भेजा गया"),
    "tick_delivered": ("delivered", "पहुँच गया"),
    "tick_read": ("read", "पढ़ा गया"),
    "tick_failed": ("not sent", "नहीं गया"),
    "tick_left_out": ("left out: newer answers were to be sent", "छोड़ा गया: नए जवाब भेजने थे"),
    "picture": ("Picture", "तस्वीर"),
    "image": ("Picture", "तस्वीर"),
    "video": ("Video", "वीडियो"),
    "audio": ("Voice message", "आवाज़"),
    "document": ("Document", "दस्तावेज़"),
    "sticker": ("Sticker", "स्टिकर"),
    "location": ("Place", "जगह"),
    "contacts": ("Contact", "संपर्क"),
    "address": ("Address", "पता"),
    "order": ("Cart from the catalogue", "कैटलॉग की टोकरी"),
    "nfm_reply": ("Filled-in form", "भरा हुआ फ़ॉर्म"),
    "something": ("Something that cannot be shown: {kind}", "जो दिखाया नहीं जा सकता: {kind}"),
    "tapped": ("tapped", "दबाया"),
    "form": ("Address form", "पता भरने का फ़ॉर्म"),
    "pay": ("Review and pay", "देखें और भुगतान करें"),
    "delivery": ("Delivery", "डिलीवरी"),
    "total": ("Total", "कुल"),
    "card": ("Card {card}: {status}", "कार्ड {card}: {status}"),
    "template": ("Template {name}", "टेम्पलेट {name}"),
    "open_map": ("Open in a map", "नक्शे में देखें"),
    "opens": ("opens {url}", "खुलता है: {url}"),
}
