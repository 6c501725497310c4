"""`munshi why … --as-scenario`: a real chat becomes a scenario that passes, and tells nobody who it was."""

from bot.flow_file import load_flow
from payments.simulator.runner import play
from payments.simulator.scenario import parse
from tests.bot.command_line import run_munshi
from tests.world.running_bot import FLOW, Live

SECRETS = ("Farhan", "farhan", "98123", "919812345601", "Qureshi", "Gulmohar", "HDFC", "okaxis")


async def test_a_real_chat_is_a_scenario(live: Live, database_url: str) -> None:
    farhan = live.customer("919812345601", "Farhan Qureshi")
    await farhan.write("hi")
    await farhan.tap("Masala chai 250 g")
    await farhan.write("I am Farhan, +91 98123 45601, farhan@okaxis, 12 Gulmohar Lane")
    await farhan.tap("Proceed to Checkout")
    await farhan.tap("Confirm order")
    await live.wait(0.25)
    await live.wait(9.75)
    await farhan.tap("Pay Now")
    await farhan.pay()
    result = await run_munshi(database_url, "why", "919812345601", "--as-scenario")
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    played = play(load_flow(FLOW), parse(result.stdout, "made.yaml"))
    assert played.mismatch is None, str(played)
    assert "I am Asha, 980000" in result.stdout
    assert not [secret for secret in SECRETS if secret in result.stdout]
    said = [line for line in result.stdout.splitlines() if line.startswith("  - ") and "shop" not in line]
    assert said[:2] == ["  - customer: hi", "  - tap: Masala chai 250 g"]
    assert said[3:] == [
        "  - tap: Proceed to Checkout",
        "  - tap: Confirm order",
        "  - waits: 10 min",
        "  - tap: Pay Now",
        "  - pays: true",
    ]


async def test_of_an_order_the_chat_is_told_up_to_the_next(live: Live, database_url: str) -> None:
    zoya = live.customer("919812345602", "Zoya")
    await zoya.order()
    await zoya.fail()
    [paid] = await zoya.pay()
    number = paid.text.partition("#")[2][:5]
    await zoya.order()
    await live.rows("UPDATE outbox SET name = 'another' WHERE name = 'complete_payment' RETURNING id")
    result = await run_munshi(database_url, "why", f"#{number}", "--as-scenario")
    assert result.exit_code == 0, result.output
    assert result.stdout.count("  - tap: Confirm order\n") == 1
    assert play(load_flow(FLOW), parse(result.stdout, "made.yaml")).mismatch is None
    assert "  - payment_fails: true\n" in result.stdout
    assert "the shop said 'another', and says 'complete_payment' in the scenario" in result.stderr


async def test_a_customer_of_whom_nothing_is_stored_has_no_scenario(live: Live, database_url: str) -> None:
    result = await run_munshi(database_url, "why", "919812345603", "--as-scenario")
    assert result.exit_code == 1
    assert "nobody and nothing here is called '919812345603'" in result.output
