"""The system's clock against the monotonic one (SW-17.10)."""

import pytest

from vaxel.adapters.clock import JUMP_S, Clock


@pytest.mark.parametrize(("wall_s", "jump_s"), [(1.0, 0.0), (JUMP_S + 0.9, 0.0), (7.5, 6.5), (-9.0, -10.0)])
def test_a_jump_is_told_once(wall_s: float, jump_s: float) -> None:
    wall, steady = [1000.0], [50.0]
    clock = Clock(lambda: wall[0], lambda: steady[0])
    wall[0], steady[0] = wall[0] + wall_s, steady[0] + 1
    assert clock.jump_s() == jump_s
    wall[0], steady[0] = wall[0] + 1, steady[0] + 1
    assert clock.jump_s() == 0


def test_the_real_clocks_go_their_way() -> None:
    assert Clock().jump_s() == 0
