"""Files that nobody should write. Run as a program, it examines each and prints what that took."""

import json
import re
import time
from pathlib import Path
from typing import Final

from bot.whatsapp.limits import LIMITS
from flows.language.load import examine
from payments.processing.actions import SHOP

_HEAD: Final = "flow: f\nshop: {name: x, products: [{sku: a, price: 1, name: a}]}\nstart: s\n"
_KEYS: Final = (
    "flow languages shop variables messages anywhere otherwise apology never always migrate start states"
)
_VALUES: Final = ("[]", "5", "true", "x", "[1]", "null", "7", "[]", "5", "x", "9", "{}", "[a]")


def _each(count: int, line: str) -> str:
    return "".join(line.replace("@", str(number)) for number in range(count))


FILES: Final[dict[str, str]] = {
    "1 MB": "x: " + "a" * 1_000_000,
    "half a MB behind a quote": _HEAD + 'messages: {a: "' + "word\n" * 100_000,
    "10,000 states": _HEAD + "states:\n" + _each(10_000, "  s@: {enter: {say: hello}}\n"),
    "3,000 keys that are none": _HEAD + "states:\n" + _each(3_000, "  s@: {zzz@: s}\n"),
    "3,000 names that are none": _HEAD + "states: {s: {}}\nanywhere:\n" + _each(3_000, "  a@: {say: no@}\n"),
    "3,000 entries that are no YAML": _HEAD + "messages:\n" + _each(3_000, "  m@: {a: [}\n"),
    "18,000 languages": _HEAD + "states: {s: {}}\nlanguages: [" + "en," * 18_000 + "]\n",
    "nested 1,000 deep": _HEAD + "states: " + "{a: " * 1_000,
    "nested 1,000 deep by blanks": "".join(" " * depth + "a:\n" for depth in range(1_000)),
    "aliases of aliases": "a: &a [x, x, x, x, x, x, x, x]\n"
    + "".join(
        f"{name}: &{name} [{', '.join([f'*{before}'] * 8)}]\n"
        for before, name in zip("abcdefghij", "bcdefghijk", strict=True)
    ),
    "wrong types everywhere": "\n".join(map("{}: {}".format, _KEYS.split(), _VALUES)),
    "characters that YAML forbids": "\x01\x02\u2028" * 50_000,
    "a guard of 400 comparisons": _HEAD
    + "states: {s: {}}\nanywhere: {a: {if: '"
    + " and ".join(f"cart.count == {number}" for number in range(400))
    + "', ignore: x}}\n",
    "3,000 fragments that are misused": _HEAD
    + "fragments:\n"
    + _each(3_000, "  fragment_@: {use: fragmint_@}\n")
    + "states: {s: {}}\n",
    "fragments that double 20 times": _HEAD
    + "fragments:\n"
    + "".join(f"  f{n}: {{a: {{use: f{n + 1}}}, b: {{use: f{n + 1}}}}}\n" for n in range(20))
    + "  f20: {a: x}\nstates: {s: {use: f0}}\n",
    "2,000 subflows that call the next": _HEAD
    + "subflows:\n"
    + "".join(f"  s{n}: {{on: {{a: {{call: s{n + 1}, to: return}}}}}}\n" for n in range(2_000))
    + "states: {s: {on: {a: {call: s0}}}}\n",
    "2,000 subflows that call themselves": _HEAD
    + "subflows:\n"
    + _each(2_000, "  s@: {on: {a: {call: s@}}}\n")
    + "states: {s: {}}\n",
    "files that are not there": _HEAD + "include: [" + "a.yaml," * 9_000 + "]\nstates: {s: {}}\n",
    "a template of 3,000 brackets": _HEAD + "states: {s: {}}\nmessages: {m: '{{ " + "(" * 3_000 + " }}'}\n",
}


def _most_memory() -> float:
    """Return the most memory that this program has had, in MiB. (`ru_maxrss` counts its parent's as well.)"""
    [kibibytes] = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text("ascii"))
    return int(kibibytes) / 1024


def _measured(name: str, text: str) -> dict[str, object]:
    started = time.process_time()
    examined = examine(text, "f.yaml", SHOP, limits=LIMITS)
    return {
        "name": name,
        "seconds": time.process_time() - started,
        "mebibytes": _most_memory(),
        "issues": len(examined.issues),
        "sound": examined.flow is not None,
    }


if __name__ == "__main__":
    for one in FILES.items():
        print(json.dumps(_measured(*one)), flush=True)
