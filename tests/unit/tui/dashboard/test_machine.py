"""The machine in lines."""

from __future__ import annotations

from typing import Any

from tui.dashboard.machine import History, lines

GB = 10**9
NOW = 1_000_000.0


def report(**changes: Any) -> dict[str, Any]:
    return {
        "t": NOW,
        "cpu": {"cores": [0.5, 1.0], "load": [1.5, 1.0, 0.5]},
        "memory": {"total": 16 * GB, "available": 4 * GB, "swap_total": 0, "swap_free": 0},
        "disk": {
            "total": 100 * GB, "free": 40 * GB, "floor": GB, "pace": None, "full": None,
            "unknown": {"full": "known after 5 minutes"},
        },
        "gpus": None,
        "unknown": {"gpus": "NVML: Shared Library Not Found"},
        "workers": [],
        **changes,
    }  # fmt: skip


GPU = {
    "index": 0, "uuid": "GPU-1", "name": "NVIDIA H200",
    "memory": {"total": 100 * GB, "used": 95 * GB},
    "use": 0.9, "power": 400.0, "power_limit": 700.0, "temperature": 88, "mig": False,
    "processes": [
        {"pid": 7, "memory": GB, "job": "j00001-stage1-x"}, {"pid": 8, "memory": None, "job": None},
    ],
    "unknown": {}, "instances": [],
}  # fmt: skip


def told(now: dict[str, Any], width: int = 120) -> list[str]:
    history = History()
    history.take(now)
    return ["".join(span.text for span in line) for line in lines(now, history, width, NOW)]


def test_what_is_used_and_what_is_free() -> None:
    text = "\n".join(told(report()))
    assert "75%  2 cores, load 1.50" in text and "50%  100%" in text
    assert "75%  4.0 GB free of 16.0 GB" in text
    assert "60%  40.0 GB free of 100.0 GB" in text and "full: known after 5 minutes" in text
    assert "training runs on the processor" in text and "NVML: Shared Library Not Found" in text


def test_a_disk_that_fills_says_when() -> None:
    disk = {**report()["disk"], "pace": 2_000_000, "full": NOW + 7200, "unknown": {}}
    text = "\n".join(told(report(disk=disk)))
    assert "full in 2:00:00" in text and "2.0 MB/s" in text


def test_a_gpu_tells_its_heat_and_whose_processes_it_runs() -> None:
    now = report(gpus=[GPU], unknown={})
    text = "\n".join(told(now))
    for said in ("NVIDIA H200", "95%", "400 of 700 W", "88 °C", "j00001-stage1-x", "not a job of"):
        assert said in text
    history = History()
    history.take(now)
    spans = [span for line in lines(now, history, 120, NOW) for span in line]
    assert next(span.tone for span in spans if "°C" in span.text) == "bad"


def test_lines_fit_and_the_past_is_drawn_only_where_there_is_room() -> None:
    for width in (78, 110, 198):
        assert max(map(len, told(report(), width))) <= width
    assert has_braille(told(report(), 198)) and not has_braille(told(report(), 78))


def has_braille(text: list[str]) -> bool:
    return any(0x2800 < ord(char) < 0x2900 for line in text for char in line)


def test_a_history_forgets() -> None:
    history = History()
    for _ in range(1000):
        history.take(report())
    assert len(history.shares["cpu"]) < 1000 and len(history.trend("cpu", 20)) == 2
