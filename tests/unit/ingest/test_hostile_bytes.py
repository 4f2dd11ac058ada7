"""A short run of every fuzz target; `make fuzz` is the long one."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.inputs import hostile
from tests.fuzz.targets import SEEDS, Target


@pytest.mark.parametrize(("target", "seeds"), SEEDS.items(), ids=[target.__name__ for target in SEEDS])
def test_hostile_bytes_raise_nothing_but_the_declared_errors(target: Target, seeds: tuple[bytes, ...]) -> None:
    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.data())
    def run(data: st.DataObject) -> None:
        target(data.draw(hostile(seeds, 300)))

    for seed in seeds:
        target(seed)
    run()
