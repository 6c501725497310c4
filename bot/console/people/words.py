"""The texts of the page People."""

from typing import Final

from bot.console.words import Texts

PEOPLE: Final[Texts] = {
    "owners_only": (
        "This page is for owners of the shop.",
        "यह पन्ना दुकान के मालिकों के लिए है।",
    ),
    "owners_only_then": (
        "Ask an owner to add people or to change what you may do.",
        "लोगों को जोड़ने या अपनी भूमिका बदलने के लिए मालिक से कहें।",
    ),
    "role": ("Role", "भूमिका"),
    "since": ("Since", "कब से"),
    "can": ("What to change", "बदलाव"),
    "you": ("{name} (you)", "{name} (आप)"),
    "does_viewer": (
        "viewer: reads; phone numbers are masked",
        "दर्शक: केवल पढ़ते हैं; फ़ोन नंबर छिपे रहते हैं",
    ),
    "does_staff": (
        "staff: also moves orders, answers customers, takes cash",
        "कर्मचारी: ऑर्डर आगे बढ़ाते हैं, ग्राहकों को जवाब देते हैं, नकद लेते हैं",
    ),
    "does_owner": (
        "owner: also refunds, changes the flow, adds people",
        "मालिक: पैसे लौटाते हैं, फ़्लो बदलते हैं, लोगों को जोड़ते हैं",
    ),
    "add": ("Add a person", "किसी को जोड़ें"),
    "set_role": ("Change role", "भूमिका बदलें"),
    "set_password": ("New password", "नया पासवर्ड"),
    "end_sessions": ("Log out everywhere", "हर जगह से लॉग आउट"),
    "remove": ("Remove", "हटाएँ"),
    "about": ("{what}: {name}", "{what}: {name}"),
    "again": ("The password again", "पासवर्ड फिर से"),
    "password_hint": (
        "At least 10 characters. Four words that nobody would guess are best.",
        "कम से कम 10 अक्षर। चार ऐसे शब्द सबसे अच्छे जो कोई न सोच पाए।",
    ),
    "not_the_same": (
        "The two passwords are not the same. Type them again.",
        "दोनों पासवर्ड एक जैसे नहीं हैं। फिर से लिखें।",
    ),
    "crowded": ("Too much is going on. Try again in a moment.", "अभी बहुत काम है। थोड़ी देर में कोशिश करें।"),
    "really_remove": (
        "{name} can log in no more. What they did stays in the log.",
        "{name} अब लॉग इन नहीं कर पाएँगे। उन्होंने जो किया वह लॉग में रहेगा।",
    ),
    "really_end_sessions": (
        "{name} is logged out of every browser, and can log in again.",
        "{name} हर ब्राउज़र से लॉग आउट हो जाएँगे, और फिर लॉग इन कर सकेंगे।",
    ),
    "password_ends": (
        "{name} is logged out everywhere, and logs in with the new password.",
        "{name} हर जगह से लॉग आउट होंगे, और नए पासवर्ड से लॉग इन करेंगे।",
    ),
    "was_added": ("{name} can log in now, as {role}.", "{name} अब {role} के रूप में लॉग इन कर सकते हैं।"),
    "has_password": ("{name} has a new password.", "{name} का पासवर्ड नया है।"),
    "has_role": ("{name} is {role} now.", "{name} अब {role} हैं।"),
    "is_out": ("{name} is logged out everywhere.", "{name} हर जगह से लॉग आउट हैं।"),
    "was_removed": ("{name} can log in no more.", "{name} अब लॉग इन नहीं कर सकते।"),
    "log": ("What was done here", "यहाँ क्या हुआ"),
    "log_when": ("When (UTC)", "कब (UTC)"),
    "log_who": ("Who", "किसने"),
    "log_what": ("What", "क्या"),
    "log_about": ("About", "किसका"),
    "log_result": ("Result", "नतीजा"),
    "shell": ("shell", "शेल"),
    "nobody": ("not logged in", "लॉग इन नहीं"),
    "no_log": ("Nothing was done yet.", "अभी तक कुछ नहीं हुआ।"),
    "no_log_then": (
        "Whatever somebody does in the console stands here for a year.",
        "कंसोल में जो भी किया जाए, वह यहाँ एक साल रहता है।",
    ),
    "older": ("Show older ones", "पुराने दिखाएँ"),
    "newest": ("Back to the newest", "सबसे नए पर जाएँ"),
    "do_it": ("Do it", "करें"),
    "accounts_gone": ("The file of people cannot be used: {why}", "लोगों की फ़ाइल नहीं खुली: {why}"),
}
