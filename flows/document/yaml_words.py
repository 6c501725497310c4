"""Says what PyYAML finds in the words of whoever writes flows, and how that is usually mended."""

import re
from typing import Final

_QUOTED: Final = "put the text in quotes"
_CLOSE: Final = "close the '{}' with '{}', and put texts that hold , ? : in quotes"

_KINDS: Final = {
    "<block mapping start>": "a line that is indented further",
    "<block sequence start>": "a list that is indented further",
    "<block end>": "a line that is indented less",
    "<stream end>": "the end of the file",
    "<scalar>": "a text",
    "<alias>": "a text with *",
    "<anchor>": "a text with &",
    "<tag>": "a text with !",
    "<document start>": "a '---'",
    "<document end>": "a '...'",
    "<directive>": "a text with %",
}
"""Name of a token -> what it is called."""

_WORDS: Final[tuple[tuple[str, str, str], ...]] = (
    ("mapping values are not allowed", "a second ': ' in one line, or a line that is indented too far",
     "put a text that holds ': ' in quotes; or check the indentation"),
    (r"found character '\\t'", "a tab stands where blanks must", "use spaces, not tabs"),
    ("found character '(.+)' that cannot", "a text can't begin with {}", _QUOTED),
    ("could not find expected ':'", "the line above is no 'key: value', and no part of a text",
     "a key needs a ':' behind it; or a quote is missing above"),
    ("expected ',' or '}', but got '(.+)'", "{} stands where a ',' or the closing brace must",
     _CLOSE.format("{", "}")),
    (r"expected ',' or '\]', but got '(.+)'", "{} stands where a ',' or the closing bracket must",
     _CLOSE.format("[", "]")),
    ("found unexpected end of stream", "a quote is opened and never closed",
     "a closing quote is missing"),
    ("found unexpected document separator", "a line with '---' or '...' stands in a text in quotes",
     "a closing quote is missing; or indent that line"),
    ("found unknown escape character '(.+)'", "a backslash before {} means nothing between double quotes",
     "write two backslashes, or put the text in single quotes"),
    ("expected escape sequence", "digits are missing behind a backslash between double quotes",
     "write the character itself; or put the text in single quotes"),
    ("expected <block end>, but found '<scalar>'", "a text goes on behind a closing quote, bracket or brace",
     "put the whole text in quotes; between single quotes, write '' for a '"),
    (r"expected <block end>, but found '\?'", "a key stands among the items of a list",
     "indent it as the other keys of its item; or begin it with '- '"),
    ("expected <block end>, but found '(?:-|<block sequence start>)'", "an item of a list stands among keys",
     "indent it further, under its key; or remove the '-'"),
    ("expected <block end>, but found '<block mapping start>'", "this line is indented as none above it",
     "indent it as the lines that it belongs to"),
    ("expected <block end>, but found '(.+)'", "{} stands where the next key must",
     "check the indentation, and that every quote is closed"),
    ("sequence entries are not allowed", "a text can't begin with '- '",
     f"{_QUOTED}; or write a list on lines of its own"),
    ("mapping keys are not allowed", "a text can't begin with '? '", _QUOTED),
    ("expected a comment or a line break|expected chomping|expected indentation indicator",
     "a text can't begin with > or |", f"{_QUOTED}; a long text begins on the line below the |"),
    ("expected the node content, but found '<stream end>'", "what is opened here is never closed",
     "close what is open; and put a text that holds ' #' in quotes"),
    ("expected the node content, but found '(.+)'", "{} stands where a value must",
     f"write the value; {_QUOTED} if this is one"),
    ("expected '<document start>'", "this line belongs to nothing above it",
     "indent all keys alike; a file holds one flow, without '...'"),
    ("expected alphabetic or numeric", "a text can't begin with *, & or %", _QUOTED),
    ("tag|URI|expected '!'|expected ' '|expected '>'", "a text can't begin with !", _QUOTED),
    ("YAML d|a digit", "a text can't begin with %", _QUOTED),
)  # fmt: skip
"""What PyYAML says -> what that is, and what usually mends it."""


def worded(problem: str) -> tuple[str, str]:
    """Return an error of PyYAML in other words, and its mend."""
    for pattern, words, mend in _WORDS:
        if found := re.search(pattern, problem):
            named = [_KINDS.get(one, f"'{one}'") for one in found.groups()]
            return words.format(*named), mend
    return problem, "check indentation and quotes here"
