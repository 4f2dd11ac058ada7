"""Calls of nobody in particular are bounded by address, and so is what remembers them."""

from gate.service.access.call_rate import ADDRESSES_MAX, WINDOW_NS, CallRate


def test_an_address_asks_so_often_in_a_minute_and_others_are_not_held_back_by_it() -> None:
    rate = CallRate(3)
    assert [rate.wait_seconds("192.0.2.1", n) for n in range(3)] == [0.0] * 3
    assert rate.wait_seconds("192.0.2.1", WINDOW_NS // 2) == 30.0
    assert rate.wait_seconds("192.0.2.2", WINDOW_NS // 2) == 0.0
    assert rate.wait_seconds("192.0.2.1", WINDOW_NS) == 0.0


def test_any_number_of_addresses_takes_bounded_memory() -> None:
    rate = CallRate(1)
    for number in range(ADDRESSES_MAX + 50):
        assert rate.wait_seconds(f"a{number}", number) == 0.0
    assert len(rate) == ADDRESSES_MAX
    assert rate.wait_seconds(f"a{ADDRESSES_MAX + 49}", ADDRESSES_MAX + 50) > 0
