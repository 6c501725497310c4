"""The texts of the flow's page."""

from typing import Final

from bot.console.words import Texts

FLOW: Final[Texts] = {
    "editor": ("The flow file", "फ़्लो फ़ाइल"),
    "leave_hint": (
        "Ctrl-Space: what may stand here. Esc, then Tab: leave the editor.",
        "Ctrl-Space: यहाँ क्या लिख सकते हैं। Esc, फिर Tab: एडिटर से बाहर।",
    ),
    "file": ("File", "फ़ाइल"),
    "owner_edits": (
        "Only an owner may change the flow. You can read it.",
        "फ़्लो केवल मालिक बदल सकते हैं। आप पढ़ सकते हैं।",
    ),
    "serve": ("Save and serve …", "सहेजें और चलाएँ …"),
    "drop": ("Drop my changes", "मेरे बदलाव छोड़ें"),
    "drop_really": ("Drop what you have changed here?", "यहाँ किए बदलाव छोड़ दें?"),
    "unsaved": ("Not saved yet: {files}", "अभी सहेजा नहीं: {files}"),
    "too_large": (
        "That would be over {limit} KiB, more than a flow may have. It was not put in.",
        "यह {limit} KiB से अधिक होगा, जो फ़्लो में नहीं आ सकता। नहीं जोड़ा गया।",
    ),
    "draft_again": ("What you had not saved is here again.", "जो सहेजा नहीं था, वह फिर यहाँ है।"),
    "draft_other": (
        "You had not saved what you wrote here, and the file was changed since.",
        "आपने यहाँ जो लिखा था वह सहेजा नहीं था, और तब से फ़ाइल बदल गई।",
    ),
    "draft_put": ("Put mine into the editor", "मेरा लिखा एडिटर में डालें"),
    "no_file": ("The flow file cannot be opened.", "फ़्लो फ़ाइल नहीं खुली।"),
    "checking": ("Checking …", "जाँच हो रही है …"),
    "sound": ("No mistakes", "कोई गलती नहीं"),
    "mistakes": ("Mistakes: {errors}, warnings: {warnings}", "गलतियाँ: {errors}, चेतावनियाँ: {warnings}"),
    "more_mistakes": ("… and {count} more", "… और {count}"),
    "not_whole": (
        "Before these are mended, the rest cannot be read.",
        "इन्हें ठीक किए बिना बाकी नहीं पढ़ा जा सकता।",
    ),
    "error": ("mistake", "गलती"),
    "warning": ("warning", "चेतावनी"),
    "line": ("line {line}", "पंक्ति {line}"),
    "line_in": ("{file}, line {line}", "{file}, पंक्ति {line}"),
    "findings": ("Check", "जाँच"),
    "chats_head": ("Your written chats", "आपकी लिखी चैट"),
    "chats_wait": ("They are played when there is no mistake.", "गलती न होने पर चलेंगी।"),
    "no_chats": ("There are no written chats in {folder}.", "{folder} में कोई लिखी चैट नहीं।"),
    "no_chats_then": (
        "Write one, or keep a chat of the demo as a scenario: it is then played after each change.",
        "एक लिखें, या डेमो की चैट को रखें: फिर हर बदलाव के बाद चलेगी।",
    ),
    "chats_so_far": ("{done} of {all} played, {failed} failed", "{all} में से {done} चलीं, {failed} विफल"),
    "chats_fine": ("All {all} pass", "सभी {all} ठीक"),
    "search_head": ("What may go wrong", "क्या गलत हो सकता है"),
    "searching": ("Searching for {seconds} s …", "{seconds} सेकंड खोज रहे हैं …"),
    "search_fine": (
        "Searched {places} situations in a few seconds: nothing goes wrong. munshi prove searches all.",
        "कुछ सेकंड में {places} स्थितियाँ देखीं: कुछ गलत नहीं। munshi prove सब खोजता है।",
    ),
    "search_whole": (
        "Searched all {places} situations: nothing goes wrong.",
        "सभी {places} स्थितियाँ देखीं: कुछ गलत नहीं।",
    ),
    "search_wrong": ("This may happen:", "यह हो सकता है:"),
    "changed_since": (
        "The file was changed by somebody else since you opened it. Nothing was saved, and what you wrote is "
        "still here: look at the difference above the editor.",
        "आपके खोलने के बाद किसी और ने फ़ाइल बदली। कुछ सहेजा नहीं गया; आपका लिखा यहीं है: एडिटर के ऊपर अंतर देखें।",
    ),
    "changed": (
        "The file was changed by somebody else since you opened it.",
        "आपके खोलने के बाद किसी और ने फ़ाइल बदली।",
    ),
    "shown_anew": ("The file was changed, and is shown anew.", "फ़ाइल बदली थी, फिर से दिखाई गई।"),
    "see_theirs": ("See what they changed", "उन्होंने क्या बदला"),
    "take_theirs": ("Take theirs, drop mine", "उनका लें, मेरा छोड़ें"),
    "keep_mine": ("Keep mine, in the place of theirs", "मेरा रखें, उनकी जगह"),
    "not_served": (
        "The file is not what is served. The next start of the server, or a save here, serves it.",
        "फ़ाइल वह नहीं है जो चल रहा है। सर्वर के अगले आरंभ, या यहाँ सहेजने पर चलेगी।",
    ),
    "other_file": (
        "The server reads another flow file than this one: it serves version {version}. The file here is as "
        "it was. Start both with the same MUNSHI_FLOW.",
        "सर्वर कोई दूसरी फ़्लो फ़ाइल पढ़ता है: वह संस्करण {version} चला रहा है। यहाँ की फ़ाइल पहले जैसी है। दोनों को एक ही "
        "MUNSHI_FLOW दें।",
    ),
    "plan_head": ("What saving would mean", "सहेजने का मतलब"),
    "planning": ("Looking at who stands where …", "देख रहे हैं कौन कहाँ है …"),
    "still_wrong": (
        "There are mistakes: they are listed beside the editor. Mend them first.",
        "गलतियाँ हैं: एडिटर के पास सूची है। पहले उन्हें ठीक करें।",
    ),
    "chats_failed": (
        "{failed} of your written chats do not get the answers that are written.",
        "आपकी {failed} लिखी चैट को लिखे हुए जवाब नहीं मिलते।",
    ),
    "strands": (
        "Some customers could never go on. Lead them on under 'migrate', or serve it all the same: they stay "
        "with their version.",
        "कुछ ग्राहक आगे नहीं बढ़ पाएँगे। 'migrate' में रास्ता दें, या फिर भी चलाएँ: वे अपने संस्करण पर रहेंगे।",
    ),
    "serve_now": ("Serve it", "चलाएँ"),
    "serve_anyway": ("Serve it all the same", "फिर भी चलाएँ"),
    "served_now": ("Version {version} is served now.", "अब संस्करण {version} चल रहा है।"),
    "history": ("Versions", "संस्करण"),
    "no_history": ("Nothing was served yet.", "अभी तक कुछ नहीं चला।"),
    "no_history_then": ("Start the server: munshi serve.", "सर्वर शुरू करें: munshi serve।"),
    "is_served": ("served", "चल रहा है"),
    "by": ("by {by}", "{by} ने"),
    "stand_on": ("customers: {people}", "ग्राहक: {people}"),
    "serve_again": ("Serve again", "फिर चलाएँ"),
    "serve_again_really": (
        "Serve version {version} again? Its talk, rules and prices come back; the count of pieces goes on.",
        "संस्करण {version} फिर चलाएँ? उसकी बातें, नियम और दाम लौटेंगे; माल की गिनती चलती रहेगी।",
    ),
    "file_written": ("The flow file is that of this version too.", "फ़्लो फ़ाइल भी इसी संस्करण की है।"),
    "file_kept": (
        "The flow file holds changes that were not served, so it stays as it is: the next start serves it.",
        "फ़्लो फ़ाइल में ऐसे बदलाव हैं जो चले नहीं, इसलिए वह वैसी ही है: अगला आरंभ उसे चलाएगा।",
    ),
    "file_not_written": (
        "It is served, but the flow file could not be written ({why}): the next start serves the file.",
        "यह चल रहा है, पर फ़्लो फ़ाइल नहीं लिखी गई ({why}): अगला आरंभ फ़ाइल चलाएगा।",
    ),
    "compare": ("Compare", "तुलना करें"),
    "from": ("From", "से"),
    "into": ("To", "तक"),
    "here": ("what is in the editor", "जो एडिटर में है"),
    "version_of": ("{version}, {since}", "{version}, {since}"),
    "no_difference": ("They hold the same.", "दोनों एक जैसे हैं।"),
    "difference": ("What differs", "क्या अलग है"),
    "cut": ("Only the first lines are shown.", "केवल पहली पंक्तियाँ दिख रही हैं।"),
}
