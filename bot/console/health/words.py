"""The texts of the page Health. What a check finds is said as `munshi doctor` says it, in English."""

from typing import Final

from bot.console.words import Texts

HEALTH: Final[Texts] = {
    "level_fine": ("fine", "ठीक"),
    "level_look": ("look", "देखें"),
    "level_broken": ("broken", "खराब"),
    "nothing_needs": ("Nothing needs you.", "अभी आपको कुछ नहीं करना है।"),
    "nothing_needs_then": (
        "Whatever goes wrong stands here, with what to do.",
        "कुछ भी बिगड़ा तो यहाँ दिखेगा, और यह भी कि क्या करना है।",
    ),
    "broken": ("Broken: {names}. What to do stands beside it.", "खराब: {names}। क्या करना है, साथ में लिखा है।"),
    "what_to_do": ("What to do: {what}", "क्या करें: {what}"),
    "server_silent": (
        "The server does not work. Customers get no answer until it does.",
        "सर्वर नहीं चल रहा। जब तक नहीं चलेगा, ग्राहकों को जवाब नहीं मिलेगा।",
    ),
    "server_start": (
        "Start it with: munshi serve. If it runs already, read its log. What the books say stands below.",
        "इसे चलाएँ: munshi serve। चल रहा हो तो उसका लॉग पढ़ें। बही में जो लिखा है वह नीचे है।",
    ),
    "notice_list": ("Notices", "सूचनाएँ"),
    "seen": ("I have seen to it", "मैंने देख लिया"),
    "was_seen": ("Notice {number} is seen to.", "सूचना {number} देख ली गई।"),
    "parked_list": ("Events that could not be handled", "जो घटनाएँ संभल नहीं पाईं"),
    "parked_do": (
        "Mend what is said here, most often in the flow. Then press the button.",
        "यहाँ जो लिखा है उसे ठीक करें, अक्सर फ़्लो में। फिर बटन दबाएँ।",
    ),
    "replay": ("Try again", "फिर कोशिश करें"),
    "was_replayed": ("Event {number} is tried again.", "घटना {number} फिर चलाई जा रही है।"),
    "more": ("… and {count} more", "… और {count}"),
    "money_list": ("Money that waits for a person", "पैसा जो आपके फ़ैसले के लिए रुका है"),
    "books_lights": ("Queues", "कतारें"),
    "events": ("events", "घटनाएँ"),
    "events_fine": ("{count} wait, none for long", "{count} बाकी, कोई देर से नहीं"),
    "events_late": (
        "{count} wait, the oldest for {seconds} s",
        "{count} बाकी, सबसे पुरानी {seconds} सेकंड से",
    ),
    "events_do": (
        "Look whether the server runs (above) and what its log says. One 'munshi work' more handles more.",
        "देखें कि सर्वर चल रहा है (ऊपर), और उसका लॉग क्या कहता है। एक और 'munshi work' ज़्यादा संभालता है।",
    ),
    "calls": ("messages and calls", "संदेश और कॉल"),
    "calls_fine": ("{count} on their way, none is tried again", "{count} रास्ते में, कोई दोबारा नहीं"),
    "calls_again": ("{count} failed and are tried again", "{count} विफल हुए, दोबारा कोशिश होगी"),
    "calls_do": (
        "Nothing, if they become fewer. If not: look at WhatsApp and Razorpay below, and at their status"
        " pages.",
        "घट रहे हों तो कुछ नहीं। नहीं तो नीचे WhatsApp और Razorpay देखें, और उनके स्टेटस पेज भी।",
    ),
    "heard": ("customers", "ग्राहक"),
    "heard_minutes": ("one wrote {minutes} min ago", "{minutes} मिनट पहले किसी ने लिखा"),
    "heard_hours": ("none wrote for {hours} hours", "{hours} घंटे से किसी ने नहीं लिखा"),
    "heard_never": ("none has written yet", "अभी तक किसी ने नहीं लिखा"),
    "heard_do": (
        "If that is unusual: send the shop's number a message. If it does not show in Chats, webhooks do not"
        " arrive: look at 'webhook' and 'subscription' below.",
        "अगर यह असामान्य है तो दुकान के नंबर पर संदेश भेजें। वह चैट में न दिखे तो वेबहुक नहीं आ रहे:"
        " नीचे 'webhook' और 'subscription' देखें।",
    ),
    "checks": ("Checks", "जाँच"),
    "checking": ("Looking…", "देख रहे हैं…"),
    "looked_at": ("Looked at {time}", "{time} पर देखा"),
    "look_again": ("Look again now", "अभी फिर देखें"),
    "versions": (
        "Munshi {program}. The flow that was served last is version {flow}.",
        "Munshi {program}। पिछली बार चला फ़्लो: संस्करण {flow}।",
    ),
}
