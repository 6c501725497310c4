"""The texts of the pages, in English and Hindi. A page never holds a text of its own."""

from collections.abc import Mapping
from typing import Final, TypeAlias

Texts: TypeAlias = Mapping[str, tuple[str, str]]
"""(English, Hindi) of each key. Places for values are in braces: `{name}`."""

LANGUAGES: Final = {"en": "English", "hi": "हिंदी"}

COMMON: Final[Texts] = {
    "pocket": ("Demo", "डेमो"),
    "orders": ("Orders", "ऑर्डर"),
    "chats": ("Chats", "चैट"),
    "flow": ("Flow", "फ़्लो"),
    "numbers": ("Numbers", "आँकड़े"),
    "health": ("Health", "सेहत"),
    "people": ("People", "लोग"),
    "pages": ("Pages", "पन्ने"),
    "skip": ("Skip to the content", "सीधे सामग्री पर जाएँ"),
    "log_out": ("Log out", "लॉग आउट"),
    "log_in": ("Log in", "लॉग इन"),
    "name": ("Name", "नाम"),
    "password": ("Password", "पासवर्ड"),
    "language": ("Language", "भाषा"),
    "dark": ("Dark", "गहरा"),
    "light": ("Light", "हल्का"),
    "cancel": ("Cancel", "रहने दें"),
    "save": ("Save", "सहेजें"),
    "not_allowed": (
        "Your role ({role}) may not do this. Ask an owner of the shop.",
        "आपकी भूमिका ({role}) में यह नहीं हो सकता। दुकान के मालिक से पूछें।",
    ),
    "logged_out": ("You are logged out. Log in again.", "आप लॉग आउट हैं। फिर से लॉग इन करें।"),
    "wrong": ("The name or the password is wrong.", "नाम या पासवर्ड गलत है।"),
    "too_many": (
        "Too many wrong passwords. Try again in {minutes} min.",
        "बहुत बार गलत पासवर्ड। {minutes} मिनट बाद फिर कोशिश करें।",
    ),
    "no_books": ("The books cannot be read: {why}", "बही नहीं पढ़ी जा सकी: {why}"),
    "role_viewer": ("viewer", "दर्शक"),
    "role_staff": ("staff", "कर्मचारी"),
    "role_owner": ("owner", "मालिक"),
    "nothing_here": ("There is no such page.", "ऐसा कोई पन्ना नहीं है।"),
}


class Words:
    """The texts in one language."""

    def __init__(self, language: str, texts: Texts = COMMON) -> None:
        self.language = language if language in LANGUAGES else "en"
        self._texts = texts

    def __call__(self, key: str, **values: object) -> str:
        """Return a text with its values. Raises KeyError for a key that there is not."""
        english, hindi = self._texts[key]
        return (hindi if self.language == "hi" else english).format(**values)

    def of(self, texts: Texts) -> "Words":
        """Return the same with the texts of a page too."""
        return Words(self.language, {**COMMON, **texts})
