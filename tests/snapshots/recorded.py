"""What daemons have answered, for pictures: an empty workspace, a busy one, a failing one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

AT = 1_763_647_200.0  # Unix time, seconds: 14:00 UTC on 20 November 2025
GB = 10**9
STEPS = 2400

Values = dict[str, Any]


@dataclass(frozen=True)
class Recording:
    """The answers of one daemon.

    Attributes:
        jobs: rows of `jobs.follow`, the newest first.
        curves: events of `run.curves`, by job.
        logs: what was printed, by job.
        machine: the reports of `machine`.
        answers: of methods, by name.
        streams: events of other streams, by name.
    """

    jobs: list[Values]
    machine: list[Values]
    curves: Mapping[str, list[Values]] = field(default_factory=dict)
    logs: Mapping[str, str] = field(default_factory=dict)
    answers: Mapping[str, Any] = field(default_factory=dict)
    streams: Mapping[str, list[Values]] = field(default_factory=dict)


def job(number: int, kind: str, state: str, **changes: Any) -> Values:
    """A row of the queue."""
    ended = AT - 4000 + number * 60 if state in ("succeeded", "failed", "cancelled") else None
    started = None if state in ("waiting", "paused") else AT - 5400 + number * 60
    return {
        "id": f"j{number:05d}-{kind}-alice", "number": number, "kind": kind, "state": state,
        "spec": {"voice": "alice", "dataset": "alice"}, "depends_on": [], "priority": 0,
        "position": float(number), "attempt": 1, "not_before": 0.0, "created": AT - 7200,
        "started": started, "ended": ended, "stop": None, "device": None, "key": None, "seed": 0,
        "reason": "", "fix": "", "outputs": {}, "progress": None, **changes,
    }  # fmt: skip


def report(**changes: Any) -> Values:
    """What the machine does."""
    return {
        "t": AT,
        "cpu": {"cores": [0.91, 0.34, 0.22, 0.78], "load": [2.31, 2.0, 1.5]},
        "memory": {"total": 64 * GB, "available": 41 * GB, "swap_total": 0, "swap_free": 0},
        "disk": {
            "total": 2000 * GB, "free": 800 * GB, "floor": GB, "pace": None, "full": None,
            "unknown": {"full": "known after 5 minutes"},
        },
        "gpus": None,
        "unknown": {"gpus": "NVML: Shared Library Not Found"},
        "workers": [],
        **changes,
    }  # fmt: skip


def history(**changes: Any) -> list[Values]:
    """A minute and a half of reports, of which the last is `report`."""
    past = [
        report(**changes, cpu={"cores": [0.5 + 0.4 * math.sin(number / 5)] * 4, "load": []})
        for number in range(45)
    ]
    return [*past, report(**changes)]


GPU = {
    "index": 0, "uuid": "GPU-1", "name": "NVIDIA H200",
    "memory": {"total": 141 * GB, "used": 63 * GB},
    "use": 0.93, "power": 512.0, "power_limit": 700.0, "temperature": 61, "mig": False,
    "processes": [
        {"pid": 4711, "memory": 62 * GB, "job": "j00004-stage2-alice"},
        {"pid": 812, "memory": GB, "job": None},
    ],
    "unknown": {}, "instances": [],
}  # fmt: skip
WORKER = {
    "job": "j00004-stage2-alice", "cores": 1.72, "memory": 3.1 * GB, "cpu_seconds": 8211.0,
    "threads": 14, "pids": [4711, 4712],
}  # fmt: skip


def loss(step: int, floor: float) -> float:
    """A loss as it falls, with a ripple that is no chance."""
    return floor + 2.2 * math.exp(-step / 500) + 0.06 * math.sin(step * 12.9898) * (1 + step % 7)


def training(steps: int, *, diverging: bool = False) -> list[Values]:
    """The curves of a run of stage 2, in one event."""
    every = list(range(1, steps + 1, 4))
    judged = list(range(200, steps + 1, 200))
    totals: list[float | None] = [round(loss(step, 0.4), 5) for step in every]
    if diverging:
        worst = len(every) - 20
        totals[worst:] = [None if n % 3 else 40.0 * 1.3**n for n in range(20)]
    rates = [round(3e-4 * (0.5 + 0.5 * math.cos(math.pi * step / STEPS)), 9) for step in every]
    facts: list[Values] = [
        {"t": AT - 5160, "type": "stage", "stage": "stage2", "unit": "steps", "total": STEPS},
        {
            "t": AT - 5159, "type": "parameters", "frozen": 6_365_141,
            "trained": {"mamba": 901_164, "voice": 256},
        },
        {"t": AT - 5150, "type": "note", "text": "trains on 1,143 utterances", "level": "info"},
    ]  # fmt: skip
    for number, step in enumerate(judged[::2]):
        measures = {"full_mcd": round(5.2 - number * 0.12, 3), "f0_rmse": 1.31}
        path = f"checkpoints/step_{step:06d}.safetensors"
        facts.append({
            "t": when(step), "type": "checkpoint", "step": step, "path": path,
            "best": step <= 1600, "measures": measures,
        })  # fmt: skip
        facts.append({
            "t": when(step), "type": "preview", "step": step, "path": f"previews/{step:06d}.wav",
        })  # fmt: skip
    return [
        {"whole": {"series": {}, "facts": facts, "earlier": 0}},
        {
            "points": [
                group("train", every, total=totals, learning_rate=rates),
                group("validation", judged, total=[round(loss(s, 0.52), 5) for s in judged]),
                group("validation", judged, full_mcd=[round(5.3 - s / 2000, 4) for s in judged]),
            ],
            "facts": [],
        },
    ]


def when(step: int) -> float:
    """Unix time of a step, seconds."""
    return AT - 5160 + step * 2.4


def group(split: str, steps: list[int], **values: Any) -> Values:
    return {
        "split": split, "names": list(values), "steps": steps,
        "times": [when(step) for step in steps], "values": list(values.values()),
    }  # fmt: skip


def voice(name: str, **changes: Any) -> Values:
    return {
        "name": name, "version": "20251120-1310", "versions": ["20251120-1310", "20251118-0902"],
        "folder": f"voices/{name}/20251120-1310", "base": {"name": "small", "size": "small"},
        "method": "stage2", "created": AT - 3000, "steps": 2400, "best_step": 1600,
        "data": {"utterances": 1143, "minutes": 62.5, "dataset": name},
        "measures": {"full_mcd": 4.11, "copy_mcd": 3.02, "f0_rmse": 1.3, "speaker_cosine": 0.87},
        "measured_on": "50 held-out utterances", "parents": [], "trained": {"mamba": 901_164},
        "problem": "", **changes,
    }  # fmt: skip


def dataset(name: str, state: str, version: str = "v1", **changes: Any) -> Values:
    return {
        "name": name, "folder": f"datasets/{name}", "state": state, "version": version,
        "role": "specialist", "kind": "paired", "voice": name, "base": "newest",
        "utterances": 1200, "speakers": 1, "files": 2400, "bytes": 512_000_000,
        "reason": "", "fix": "", "problems": [], "problem_count": 0, **changes,
    }  # fmt: skip


SENTENCES = (
    "今天天气很好，我们去公园散步。",
    "他一九九八年出生在北京。",
    "请把窗户关上，外面很冷。",
)


def utterance(number: int) -> Values:
    text = SENTENCES[number % len(SENTENCES)]
    return {
        "id": f"alice_{number:04d}", "state": "kept", "speaker": "alice", "text": text,
        "normalized": text, "pinyin": "jin1 tian1 tian1 qi4 hen3 hao3", "phonemes": "ㄐ ㄧ ㄣ",
        "seconds": 2.4 + number % 5 * 0.7, "snr": 38.0, "level": -21.0, "score": -0.12,
        "pitch": {"low": 168.0, "median": 214.0, "high": 288.0}, "notes": [], "reason": "",
        "fix": "", "audio": f"datasets/alice/alice_{number:04d}.wav", "corrected": False,
        "correction": None,
    }  # fmt: skip


def refused(number: int) -> Values:
    blank = dict.fromkeys(
        ("speaker", "pinyin", "phonemes", "seconds", "pitch", "snr", "level", "score")
    )
    return {
        **utterance(number), **blank, "state": "refused", "normalized": "",
        "reason": "the words are not those of the recording (score -4.1)",
        "fix": "listen, and correct the text",
    }  # fmt: skip


FIGURES = {
    "version": "v1", "kept": 1143, "refused": 57, "corrected": 2, "reused": 1100,
    "seconds": 3750.0, "speakers": {"alice": {"utterances": 1143}},
    "refusals": [{
        "what": "the words are not those of the recording", "fix": "listen, and correct the text",
        "count": 57, "examples": ["alice_0003", "alice_0017"],
    }],
    "histograms": {
        "seconds": {"edges": [0.0, 1.0, 2.0, 3.0, 4.0], "counts": [103, 480, 390, 170]},
        "pitch": {"edges": [140.0, 160.0, 180.0, 200.0, 220.0], "counts": [20, 290, 480, 353]},
    },
}  # fmt: skip
UTTERANCES = [*(refused(number) for number in (3, 17)), *(utterance(n) for n in range(20, 60))]
RUNNING = job(
    4, "stage2", "running", device="cuda:0",
    spec={"voice": "alice", "dataset": "alice", "version": "v1", "base": "small"},
    depends_on=["j00003-preprocess-alice"],
    progress={
        "done": 1800, "total": STEPS, "unit": "steps", "stage": "trains", "rate": 0.417,
        "eta": 1440.0, "metrics": {"train": {"total": 0.4312, "mel": 0.2871}},
    },
)  # fmt: skip
SHOWN = {
    **RUNNING, "run": "/data/voices/runs/j00004-stage2-alice",
    "config": {"stage2": {"steps": STEPS}, "tracking": {}},
}  # fmt: skip
ALL = {"version": "v1", "total": len(UTTERANCES), "utterances": UTTERANCES}

EMPTY = Recording(
    jobs=[],
    machine=[report()],
    answers={"voices.list": [], "datasets.list": []},
)
BUSY = Recording(
    jobs=[
        job(9, "synthesize", "waiting", spec={"voice": "alice"}, depends_on=["j00008-stage2-alice"],
            reason="waits for j00008 (stage2)"),
        job(8, "stage2", "waiting", spec={"voice": "bob"}, reason="2 of 2 places are taken"),
        job(7, "clone", "waiting", spec={"voice": "小明"}, reason="waits for a GPU with 6 GB free"),
        job(6, "synthesize", "running", spec={"voice": "bob"}, progress={
            "done": 31, "total": 120, "unit": "sentences", "stage": "speaks", "rate": 2.2,
            "eta": 40.0}),
        job(5, "distil", "paused", spec={"base": "small"}, reason="paused by hand"),
        RUNNING,
        job(3, "preprocess", "succeeded", spec={"dataset": "alice", "version": "v1"},
            outputs={"kept": 1143, "refused": 57, "seconds": 3750.0}),
        job(2, "fetch", "succeeded", spec={"name": "kokoro-v1.1-zh"}),
        job(1, "stage1", "succeeded", spec={"base": "small", "dataset": "aishell"},
            attempt=2, outputs={"full_mcd": 3.82}),
    ],
    machine=history(gpus=[GPU], workers=[WORKER], unknown={}),
    curves={RUNNING["id"]: training(1800)},
    logs={RUNNING["id"]: "".join(f"step {n}  loss {loss(n, 0.4):.4f}\n" for n in range(1, 60))},
    answers={
        "jobs.show": SHOWN,
        "voices.list": [
            voice("alice"),
            voice("小明", method="clone", steps=0, measures={"speaker_cosine": 0.91}),
            voice("base", version="", versions=[""], method="", measures={}, created=None),
        ],
        "datasets.list": [
            dataset("alice", "training"),
            dataset("bob", "preparing", "v2"),
            dataset("小明 的声音", "settling", "", utterances=0, voice="", reason="files come"),
        ],
        "datasets.show": dataset("alice", "training"),
        "datasets.figures": FIGURES,
        "datasets.utterances": ALL,
    },
)  # fmt: skip
FAILED = {
    **RUNNING, "state": "failed", "progress": None, "attempt": 3, "ended": AT - 60,
    "reason": "the loss is not finite since step 1,741", "fix": "lower stage2.learning_rate, retry",
}  # fmt: skip
FAILING = Recording(
    jobs=[
        job(5, "synthesize", "cancelled", spec={"voice": "alice"}, ended=AT - 70,
            reason="j00004, which it depends on, failed"),
        FAILED,
        job(3, "preprocess", "succeeded", spec={"dataset": "alice", "version": "v1"},
            outputs={"kept": 1143, "refused": 57, "seconds": 3750.0}),
        job(2, "preprocess", "failed", spec={"dataset": "broken", "version": "v9"},
            reason="no file of the folder can be read as audio",
            fix="convert them: ffmpeg -i FILE FILE.wav"),
    ],
    machine=history(
        memory={"total": 64 * GB, "available": GB, "swap_total": 0, "swap_free": 0},
        disk={"total": 2000 * GB, "free": GB // 2, "floor": GB, "pace": 2_000_000,
              "full": AT + 250, "unknown": {}},
        gpus=[GPU | {"temperature": 91, "memory": {"total": 141 * GB, "used": 140 * GB}}],
        unknown={},
    ),
    curves={FAILED["id"]: training(1800, diverging=True)},
    logs={FAILED["id"]: "warning: the gradient norm is 4e7\nTraceback (most recent call last):\n"
          "engine.training.errors.DivergedError: the loss is not finite since step 1,741\n"},
    answers={
        "jobs.show": SHOWN | FAILED | {"run": SHOWN["run"], "config": SHOWN["config"]},
        "voices.list": [voice("alice", problem="its base is not in models/", measures={})],
        "datasets.list": [
            dataset("alice", "failed"),
            dataset("broken", "unusable", "v9", utterances=0,
                    reason="no file can be read as audio", fix="convert them to WAV",
                    problem_count=2, problems=[
                        {"path": "a.wav", "reason": "is empty", "fix": "record it again"},
                        {"path": "b.m4a", "reason": "no decoder", "fix": "convert it to WAV"}]),
        ],
        "datasets.show": dataset("alice", "failed"),
        "datasets.figures": FIGURES,
        "datasets.utterances": ALL,
    },
)  # fmt: skip
RECORDINGS: Mapping[str, Recording] = {"empty": EMPTY, "busy": BUSY, "failing": FAILING}
