"""The texts of the chats' pages."""

from typing import Final

from bot.console.orders.words import ORDERS
from bot.console.words import Texts

_ORDERS: Final = (
    "placed", "accepted", "preparing", "ready", "out", "delivered", "cancelled", "refused", "returned",
)  # fmt: skip
CHATS: Final[Texts] = {
    **{key: ORDERS[key] for key in _ORDERS},
    "find": ("Name, phone number or order", "नाम, फ़ोन नंबर या ऑर्डर"),
    "do_find": ("Search", "खोजें"),
    "all": ("All chats", "सभी चैट"),
    "waiting": ("Wait for a person", "किसी व्यक्ति का इंतज़ार"),
    "others": ("Others, newest first", "बाकी, नए पहले"),
    "more_wait": ("More than {count} wait. Answer some to see the others.", "{count} से ज़्यादा इंतज़ार में हैं।"),
    "found": ("Found for “{words}”", "“{words}” के लिए मिला"),
    "found_cut": (
        "Not everything was searched. Type more of the name, the whole phone number, or the order's number.",
        "सब कुछ नहीं खोजा गया। पूरा नाम, पूरा फ़ोन नंबर या ऑर्डर नंबर लिखें।",
    ),
    "nobody": ("Nobody is called “{words}”.", "“{words}” नाम का कोई नहीं।"),
    "nobody_then": (
        "Search for a part of the name, the whole phone number, or the number of an order.",
        "नाम का हिस्सा, पूरा फ़ोन नंबर, या ऑर्डर का नंबर खोजें।",
    ),
    "no_chats": ("Nobody has written yet.", "अभी किसी ने नहीं लिखा।"),
    "no_chats_then": (
        "When a customer writes to the shop's WhatsApp number, their chat stands here at once.",
        "ग्राहक दुकान के WhatsApp नंबर पर लिखेगा तो चैट तुरंत यहाँ दिखेगी।",
    ),
    "older": ("Older chats", "पुरानी चैट"),
    "newest": ("Newest chats", "नई चैट"),
    "unread": ("{count} unread", "{count} अनपढ़े"),
    "has": ("{name} has the chat", "चैट {name} के पास है"),
    "has_nobody": ("wants a person; nobody has answered yet", "व्यक्ति चाहिए; किसी ने जवाब नहीं दिया"),
    "has_bot": ("the bot has the chat", "चैट बॉट के पास है"),
    "unpaid": ("not paid yet", "भुगतान बाकी"),
    "never": ("never wrote", "कभी नहीं लिखा"),
    "somebody": ("No name", "नाम नहीं"),
    "back": ("All chats", "सभी चैट"),
    "no_chat": ("There is no such chat.", "ऐसी कोई चैट नहीं है।"),
    "no_chat_then": ("Search for the customer in the list of chats.", "चैट की सूची में ग्राहक को खोजें।"),
    "log": ("Messages", "संदेश"),
    "earlier": ("Earlier messages", "पुराने संदेश"),
    "too_early": (
        "What happened earlier is left out here: munshi why shows it.",
        "इससे पहले का यहाँ नहीं दिखता: munshi why में देखें।",
    ),
    "nothing_kept": ("Nothing of this chat is kept any more.", "इस चैट का कुछ भी अब रखा नहीं है।"),
    "nothing_kept_then": (
        "Messages older than the time for which chats are kept are erased; orders stay.",
        "तय समय से पुराने संदेश मिटा दिए जाते हैं; ऑर्डर रहते हैं।",
    ),
    "unreadable": ("{what}: erased, or of another version", "{what}: मिटाया हुआ, या दूसरे वर्शन का"),
    "steps": ("what happened, and why", "क्या हुआ, और क्यों"),
    "steps_to": ("now in “{state}”: what happened, and why", "अब “{state}” में: क्या हुआ, और क्यों"),
    "parked": ("This could not be handled, and waits for you", "यह नहीं हो सका, और आपके लिए रुका है"),
    "parked_then": (
        "Mend what the error says (often the flow, or a setting), then handle it again. Nothing is lost.",
        "गलती में लिखी बात ठीक करें (अक्सर फ़्लो या सेटिंग), फिर दोबारा चलाएँ। कुछ नहीं खोया है।",
    ),
    "replay": ("Handle it again", "फिर से चलाएँ"),
    "replayed": ("Event {number} is handled again.", "घटना {number} फिर से चल रही है।"),
    "customer": ("Customer", "ग्राहक"),
    "phone": ("Phone", "फ़ोन"),
    "state": ("Stands in", "अभी यहाँ"),
    "heard": ("Wrote last", "आख़िरी बार लिखा"),
    "hears": ("Hears", "सुनना चाहते हैं"),
    "hears_nothing": ("nothing", "कुछ नहीं"),
    "hears_orders": ("news of orders", "ऑर्डर की ख़बर"),
    "hears_offers": ("offers too", "ऑफ़र भी"),
    "orders_of": ("Orders", "ऑर्डर"),
    "no_orders": ("No order yet", "अभी कोई ऑर्डर नहीं"),
    "answer": ("Answer", "जवाब"),
    "write": ("Write to the customer", "ग्राहक को लिखें"),
    "send": ("Send", "भेजें"),
    "send_back": ("Send, and give back to the bot", "भेजें, और बॉट को लौटाएँ"),
    "take": ("Take the chat over", "चैट अपने पास लें"),
    "give_back": ("Give back to the bot", "बॉट को लौटाएँ"),
    "is_said": ("Sent.", "भेजा गया।"),
    "is_taken": ("The chat is yours: the bot keeps out of it.", "चैट आपके पास है: बॉट चुप रहेगा।"),
    "is_back": ("The bot has the chat again.", "चैट फिर बॉट के पास है।"),
    "waits": (
        "It is stored, and done when it is the customer's turn.",
        "सहेजा गया; ग्राहक की बारी आते ही होगा।",
    ),
    "empty_text": ("Write something first.", "पहले कुछ लिखें।"),
    "open_until": ("They can be answered until {time}.", "{time} तक जवाब दिया जा सकता है।"),
    "takes_over": (
        "An answer takes the chat over: the bot keeps out until it is given back.",
        "जवाब देने पर चैट आपके पास आ जाती है: लौटाने तक बॉट चुप रहेगा।",
    ),
    "other_has": (
        "{name} has this chat: see that you do not both answer.",
        "यह चैट {name} के पास है: दोनों जवाब न दें।",
    ),
    "closed": (
        "WhatsApp takes no text now: the customer last wrote over 24 hours ago.",
        "WhatsApp अभी संदेश नहीं लेगा: ग्राहक ने 24 घंटे से ज़्यादा पहले लिखा था।",
    ),
    "closed_never": (
        "WhatsApp takes no text now: the customer has never written here.",
        "WhatsApp अभी संदेश नहीं लेगा: ग्राहक ने यहाँ कभी नहीं लिखा।",
    ),
    "closed_then": (
        "Call them, or wait until they write. What the flow sends with a template still goes.",
        "फ़ोन करें, या उनके लिखने का इंतज़ार करें। फ़्लो के टेम्पलेट वाले संदेश फिर भी जाते हैं।",
    ),
    "call": ("Call {phone}", "{phone} पर फ़ोन करें"),
    "forgotten": (
        "This customer was forgotten: their chat is erased, and there is nobody to write to.",
        "यह ग्राहक भुला दिया गया: चैट मिटा दी गई, लिखने को कोई नहीं।",
    ),
    "no_phone": (
        "No phone number of this customer is known: answer them in the WhatsApp Business app.",
        "इस ग्राहक का फ़ोन नंबर पता नहीं: WhatsApp Business ऐप में जवाब दें।",
    ),
    "viewer": ("Your role may read chats, and not answer.", "आपकी भूमिका चैट पढ़ सकती है, जवाब नहीं दे सकती।"),
}  # fmt: skip
