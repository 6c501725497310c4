"""`munshi chat`, driven by typed lines."""

import subprocess
import sys
from pathlib import Path

from typer.testing import CliRunner, Result

from bot.cli import app


def chat(*lines: str, name: str = "Asha", flow: str = "flows.yaml") -> Result:
    typed = "".join(f"{line}\n" for line in lines)
    return CliRunner().invoke(app(), ["chat", flow, "--name", name], input=typed, env={"COLUMNS": "80"})


def test_a_whole_purchase_by_numbers_and_titles() -> None:
    result = chat("hi", "1", "proceed to CHECKOUT", "1", "Pay Now", "/pay")
    assert result.exit_code == 0
    out = result.output
    assert "Chai & Co." in out.splitlines()[0]
    assert "Namaste Asha!" in out
    assert "   4 Kulhad cups (6)  ₹320\n" in out
    assert "1 × Masala chai 250 g: ₹180\nTotal: ₹180\n   1 Proceed to Checkout\n" in out
    assert "Secure payment powered by Razorpay" in out
    assert "✅ Payment Successful!" in out
    assert out.endswith("Goodbye.\n")


def test_failure_waiting_and_trying_again() -> None:
    out = chat("hi", "1", "1", "1", "/fail no money", "1", "/wait 10m").output
    assert "did not go through: no money" in out
    assert "⏰ Order #" in out


def test_a_number_is_text_where_nothing_is_offered() -> None:
    out = chat("hi", "1", "3", "1", "1", "2", "/state").output
    assert "2 × Masala chai 250 g: ₹360" in out
    assert "state: cart.review\n" in out
    assert "cart: masala-250 × 2\n" in out


def test_what_cannot_be_done_is_said_and_the_chat_goes_on() -> None:
    out = chat("/pay", "/fly", "/wait never", "/send sticker", "", "   ", "hi").output
    assert "there is no payment link to pay: check out first" in out
    assert "'/fly' is not a command" in out
    assert "'never' is not a span of time" in out
    assert out.count("Namaste Asha!") == 2


def test_an_address_form_is_filled_in_by_its_fields(tmp_path: Path) -> None:
    text, help = (
        Path("flows.yaml").read_text("utf-8"),
        "  help: {words: [help, मदद], interrupts: true, say: help}\n",
    )
    assert text.count(help) == text.count("\nmessages:\n") == 1
    form = (
        '  whither: {text: "Where to?", address: true}\n'
        '  there: "To {{ event.address }} for {{ event.name }}."\n'
    )
    rules = "  whither: {words: [where], say: whither}\n  address: {say: there}\n"
    shop = tmp_path / "shop.yaml"
    shop.write_text(
        text.replace("\nmessages:\n", f"\nmessages:\n{form}").replace(help, help + rules), "utf-8"
    )
    out = chat(
        "/address Lake Road",
        "where",
        "/address",
        "/address citty=Kochi",
        "/send address",
        "/address 4 Lake Road; City = Kochi; pincode=६८२००१; name=Meera",
        flow=str(shop),
    ).output
    assert "the chat shows no address form to fill in" in out
    assert "Where to?\n  [Address form] /address house=4; address=Lake Road" in out
    assert "the form holds no address" in out
    assert "an address form has no field 'citty'" in out
    assert "an address is sent by /address, with its fields" in out
    assert "To 4 Lake Road, Kochi, 682001 for Meera." in out


def test_the_trace_is_of_the_last_line() -> None:
    out = chat("/trace", "hi", "1", "/trace").output
    assert "nothing was decided yet" in out
    assert "add  in browsing\n  passed   line " in out
    assert "  took     line " in out
    assert "  did      cart.add, set\n  entered  cart, cart.review\n" in out


def test_silence_is_shown() -> None:
    assert "(the shop says nothing)" in chat("hi", "/wait 1h").output


def test_quit_ends_at_once() -> None:
    out = chat("/quit", "hi").output
    assert "Namaste" not in out
    assert out.endswith("Goodbye.\n")


def test_a_name_is_only_a_name() -> None:
    assert "Namaste {{ 7*7 }} [red]!" in chat("hi", name="{{ 7*7 }} [red]").output


def test_a_real_process_with_bytes_that_are_no_text() -> None:
    code = "from bot.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "chat", "flows.yaml"],
        input=b"\xff\xfe\nhi\n",
        capture_output=True,
        check=True,
        env={"PYTHONIOENCODING": "ascii", "PATH": ""},
    )
    assert done.stderr == b""
    assert b"Namaste Asha!" in done.stdout
    assert done.stdout.endswith(b"Goodbye.\n")


def test_a_chat_is_saved_as_a_scenario_that_passes(tmp_path: Path) -> None:
    file = tmp_path / "saved.yaml"
    typed = "hi\n1\nproceed to CHECKOUT\n1\n/wait 10 min\n/pay\n/pay\n/quit\n"
    result = CliRunner().invoke(app(), ["chat", "flows.yaml", "--save", str(file)], input=typed)
    assert result.output.endswith(f"(munshi test {file})\n")
    text = file.read_text("utf-8")
    done = [line for line in text.splitlines() if line.startswith("  - ") and "shop" not in line]
    assert done == [
        "  - customer: hi",
        "  - tap: Masala chai 250 g",
        "  - tap: Proceed to Checkout",
        "  - tap: Confirm order",
        "  - waits: 10 min",
        "  - pays: true",
    ]
    assert "      Order #…\n" in text
    played = CliRunner().invoke(app(), ["test", str(file)])
    assert played.output == f"passed  {file}: A chat in the terminal\n1 passed, 0 failed\n"


def test_a_chat_in_which_nothing_was_done_is_not_saved(tmp_path: Path) -> None:
    result = CliRunner().invoke(app(), ["chat", "flows.yaml", "--save", str(tmp_path / "x")], input="/pay\n")
    assert result.exit_code == 0
    assert not (tmp_path / "x").exists()
