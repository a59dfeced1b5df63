"""Zoom and pan."""

from __future__ import annotations

import pytest

from tui.curves.viewport import Viewport, whole


def test_zoom_keeps_the_place_under_the_pointer() -> None:
    seen = Viewport(100, 300).zoomed(4, 0.25)
    assert seen.width == pytest.approx(50)
    assert seen.at(0.25) == pytest.approx(150)


def test_zooming_in_and_out_comes_back() -> None:
    back = Viewport(0, 10).zoomed(1.5, 0.3).zoomed(1 / 1.5, 0.3)
    assert (back.first, back.last) == pytest.approx((0, 10))


def test_pan_goes_by_shares_of_the_width() -> None:
    assert Viewport(0, 10).panned(0.2) == Viewport(2, 12)


@pytest.mark.parametrize(
    ("seen", "expected"),
    [((-5, 5), (0, 10)), ((95, 105), (90, 100)), ((-50, 150), (0, 100)), ((20, 30), (20, 30))],
)
def test_what_is_seen_stays_within_the_whole(
    seen: tuple[float, float], expected: tuple[float, float]
) -> None:
    assert Viewport(*seen).within(Viewport(0, 100)) == Viewport(*expected)


def test_nobody_sees_endlessly_deep() -> None:
    seen = Viewport(50, 50 + 1e-9).within(Viewport(0, 1e6))
    assert seen.width == pytest.approx(1e-3)


def test_shares_and_places_are_inverse() -> None:
    seen = Viewport(3, 7)
    assert seen.share(seen.at(0.4)) == pytest.approx(0.4)


def test_a_viewport_runs_from_left_to_right() -> None:
    with pytest.raises(ValueError, match="left to right"):
        Viewport(5, 5)


def test_a_known_end_is_the_right_edge_all_the_time() -> None:
    assert whole(0, 10, 5000) == whole(0, 4999, 5000) == Viewport(0, 5000)


def test_an_open_end_has_room_and_rarely_moves() -> None:
    ends = [whole(0, last, None).last for last in range(100, 10_000)]
    assert all(end > last for last, end in enumerate(ends, 100))
    assert len(set(ends)) < 30


def test_a_run_that_goes_on_after_its_end_is_still_seen_whole() -> None:
    assert whole(0, 5100, 5000).last > 5100
