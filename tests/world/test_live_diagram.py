"""`munshi diagram --live`: how many customers stand at each state, and what they owe."""

from tests.bot.command_line import run_munshi
from tests.world.running_bot import FLOW, Live


async def test_customers_and_rupees_stand_at_their_states(live: Live, database_url: str) -> None:
    await live.customer("919812345601").order()
    await live.customer("919812345602").checkout()
    paying = live.customer("919812345603")
    await paying.order()
    await paying.pay()
    result = await run_munshi(database_url, "diagram", str(FLOW), "--live")
    assert result.exit_code == 0, result.output
    for line in (
        'state "awaiting_payment (1 customer, ₹500)" as awaiting_payment',
        'state "checkout (1 customer)" as checkout {',
        'state "review (1 customer)" as checkoutReview',
        'state "paid (1 customer)" as paid',
        'state "browsing" as browsing',
    ):
        assert line in result.output
    picture = await run_munshi(database_url, "diagram", str(FLOW), "--live", "--format", "svg")
    assert ">1 customer, ₹500</text>" in picture.output
