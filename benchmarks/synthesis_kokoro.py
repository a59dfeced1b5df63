"""How fast the 82M model speaks beside the public package, and how soon both can be imported.

Both speak the same Mandarin sentences in turn, in one process, from the same weights: random ones
of the published shape and format (`benchmarks.parity_kokoro`), which compute as many products as
trained ones do. A sentence's ratio is the package's time over ours. How far ours is from the exact
path is the mean difference of log-mels (natural logarithm) under the same noise, and beside it
that of the scale that the family's models see, a quarter of it.

Then both speak all of them, as one reads a book: the package one after the other, which is all that
it can, ours as `Speaker` does, the first with all threads and the others side by side. They take
turns by blocks, so that what else the machine does falls on both. So that it is seen what comes of
the model and what of the order, the package is also driven side by side, by our code.

    python -m benchmarks.synthesis_kokoro [--sentences 20] [--threads 2] [--precision auto] [--json]
    python -m benchmarks.synthesis_kokoro --imports
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import torch
from torch import Tensor, nn

from benchmarks.parity_kokoro import load_reference, random_model, write_published
from engine.audio.mel import LOG_SCALE, SAMPLE_RATE, log_mel
from engine.model.config import KOKORO
from engine.model.graph import Kokoro, Speech
from engine.model.istftnet import Decoder
from engine.model.published import load_kokoro
from engine.synthesis.acceleration import accelerate, decoder_dtype
from engine.synthesis.settings import SynthesisSettings
from engine.synthesis.side_by_side import side_by_side
from engine.text import Frontend

SENTENCES = Path(__file__).parents[1] / "tui" / "demo_sentences.tsv"
CPU = torch.device("cpu")
BAR_RATIO, BAR_MEL = 2.0, 0.02
WARM_UP = 2  # sentences that are not counted
BLOCK = 5  # sentences that one speaks before it is the other's turn
IMPORT_ROUNDS = 5
# What a process imports before it can speak, and what it is measured against.
IMPORTS = {
    "torch": "import torch",
    "ours": "import engine.synthesis.speaker",
    # without its English front end, which needs packages of its own: less than `import kokoro`
    "kokoro.model": ("from benchmarks.parity_kokoro import published_kokoro; published_kokoro()"),
    "kokoro": "import kokoro",
}


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """One sentence spoken by both."""

    tokens: int
    seconds: float
    reference: float
    """Wall seconds of the public package."""
    ours: float
    reference_cpu: float
    """Seconds of all threads: what other work on the machine changes least."""
    ours_cpu: float
    mel_distance: float

    @property
    def ratio(self) -> float:
        return self.reference / self.ours


class Contest:
    """The public package, our fast path and our exact path on the same weights."""

    def __init__(self, settings: SynthesisSettings) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "kokoro.pth"
            model = random_model(seed=1)
            write_published(path, model, with_affine=True)
            self.reference: nn.Module = load_reference(path, model.state_dict())
            self.fast = accelerate(load_kokoro(path), CPU, settings)
            exact = settings.model_copy(update={"precision": "exact"})
            self.exact = accelerate(load_kokoro(path), CPU, exact)
        self.style = torch.randn(
            1, 2 * KOKORO.style_dim, generator=torch.Generator().manual_seed(5)
        )

    def take_turns(self, sentences: Sequence[Sequence[int]]) -> dict[str, float]:
        """Wall seconds of each way to speak all the sentences, without BOS and EOS."""
        threads = torch.get_num_threads()

        def package(ids: Sequence[int]) -> None:
            with torch.inference_mode():
                self._package(torch.tensor([[0, *ids, 0]]))

        def ours(ids: Sequence[int]) -> None:
            with torch.inference_mode():
                _say(self.fast, torch.tensor([[0, *ids, 0]]), self.style)

        ways: dict[str, Callable[[Sequence[Sequence[int]]], object]] = {
            "package": lambda block: [package(ids) for ids in block],
            "ours": lambda block: list(side_by_side(ours, block, threads)),
            "package, side by side": lambda block: list(side_by_side(package, block, threads)),
        }
        taken = dict.fromkeys(ways, 0.0)
        for start in range(0, len(sentences), BLOCK):
            for name, way in ways.items():
                began = time.perf_counter()
                way(sentences[start : start + BLOCK])
                taken[name] += time.perf_counter() - began
        return taken

    def _package(self, tokens: Tensor) -> object:
        return self.reference.forward_with_tokens(tokens, self.style)  # type: ignore[operator]

    @torch.inference_mode()
    def speak(self, ids: Sequence[int], ours_first: bool) -> Sentence:
        """Time both on a sentence, without BOS and EOS."""
        tokens = torch.tensor([[0, *ids, 0]])

        def reference() -> object:
            return self._package(tokens)

        def ours() -> Speech:
            return _say(self.fast, tokens, self.style)

        taken, worked = {}, {}
        for name, call in _order(reference, ours, ours_first):
            started, before = time.perf_counter(), time.process_time()
            result = call()
            taken[name] = time.perf_counter() - started
            worked[name] = time.process_time() - before
            if isinstance(result, Speech):
                speech = result
        exact = _say(self.exact, tokens, self.style)
        if not torch.equal(speech.durations, exact.durations):
            raise RuntimeError("the fast path has other durations than the exact one")
        distance = (log_mel(speech.audio[0]) - log_mel(exact.audio[0])).abs().mean()
        return Sentence(
            tokens=tokens.shape[1],
            seconds=speech.audio.shape[1] / SAMPLE_RATE,
            reference=taken["reference"],
            ours=taken["ours"],
            reference_cpu=worked["reference"],
            ours_cpu=worked["ours"],
            mel_distance=float(distance),
        )


def _order(
    reference: Callable[[], object], ours: Callable[[], object], ours_first: bool
) -> list[tuple[str, Callable[[], object]]]:
    """Who comes second finds caches and clocks as the first has left them: they take turns."""
    both = [("reference", reference), ("ours", ours)]
    return both[::-1] if ours_first else both


def _say(graph: Kokoro, tokens: Tensor, style: Tensor) -> Speech:
    def noise(frames: Tensor) -> Tensor:
        generator = torch.Generator().manual_seed(7)
        return torch.randn(Decoder.noise_shape(1, int(frames[0])), generator=generator)

    return graph.synthesize(tokens, torch.tensor([tokens.shape[1]]), style, noise=noise)


def contest(
    count: int, settings: SynthesisSettings, quiet: bool
) -> tuple[list[Sentence], dict[str, float]]:
    """Sentences from the demo's list, after a warm-up: each by itself, and all of them in turns."""
    frontend = Frontend("v1.1-zh")
    lines = SENTENCES.read_text(encoding="utf-8").splitlines()
    texts = [line.split("\t")[0] for line in lines if line and not line.startswith("#")]
    both = Contest(settings)
    sentences = [frontend.phonemize(text).ids for text in texts[: count + WARM_UP]]
    rows = []
    for number, ids in enumerate(sentences):
        row = both.speak(ids, ours_first=number % 2 == 1)
        if number < WARM_UP:
            continue
        rows.append(row)
        if not quiet:
            print(
                f"{row.tokens:4d} tokens {row.seconds:6.2f} s  package {row.reference:6.2f} s  "
                f"ours {row.ours:6.2f} s  {row.ratio:5.2f} times  mel {row.mel_distance:.4f}",
                flush=True,
            )
    return rows, both.take_turns(sentences[WARM_UP:])


def summary(
    rows: Sequence[Sentence], turns: dict[str, float], settings: SynthesisSettings
) -> dict[str, object]:
    """The figures of a contest."""
    ratios = sorted(row.ratio for row in rows)
    seconds = sum(row.seconds for row in rows)
    return {
        "weights": "random, published shape",
        "threads": torch.get_num_threads(),
        "convolutions": str(decoder_dtype(CPU, settings)).removeprefix("torch."),
        "sentences": len(rows),
        "times as fast": turns["package"] / turns["ours"],
        "times as fast, the package side by side": turns["package, side by side"] / turns["ours"],
        "times as fast, one sentence, median": statistics.median(ratios),
        "times as fast, one sentence, range": [ratios[0], ratios[-1]],
        "times as little CPU, one sentence": (
            sum(r.reference_cpu for r in rows) / sum(r.ours_cpu for r in rows)
        ),
        "real-time factor, package": turns["package"] / seconds,
        "real-time factor, ours": turns["ours"] / seconds,
        "mel distance, worst": max(row.mel_distance for row in rows),
        "mel distance, worst, normalised": max(row.mel_distance for row in rows) / LOG_SCALE,
    }


def import_times() -> dict[str, float | None]:
    """Median wall seconds of a fresh process for each of `IMPORTS`, taken in turns."""
    there = {name: importlib.util.find_spec(name.partition(".")[0]) for name in IMPORTS}
    there["ours"] = there["torch"]
    there["kokoro"] = there["kokoro"] and importlib.util.find_spec("misaki")
    taken: dict[str, list[float]] = {name: [] for name in IMPORTS}
    for _ in range(IMPORT_ROUNDS + 1):
        for name, statement in IMPORTS.items():
            if there[name] is None:
                continue
            started = time.perf_counter()
            subprocess.run([sys.executable, "-W", "ignore", "-c", statement], check=True)
            taken[name].append(time.perf_counter() - started)
    # the first round reads the disk
    return {name: statistics.median(times[1:]) if times else None for name, times in taken.items()}


def main() -> int:
    """Print the figures; exit status 1 when a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sentences", type=int, default=20)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--precision", default="auto", help="of [synthesis]")
    parser.add_argument("--imports", action="store_true", help="time imports instead")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if arguments.imports:
        times = import_times()
        print(json.dumps(times, indent=1))
        return 0
    torch.set_num_threads(arguments.threads)
    settings = SynthesisSettings(precision=arguments.precision)
    rows, turns = contest(arguments.sentences, settings, quiet=arguments.json)
    figures = summary(rows, turns, settings)
    if arguments.json:
        print(json.dumps({**figures, "rows": [asdict(row) for row in rows]}, indent=1))
    else:
        for name, value in figures.items():
            print(f"{name:42}{value}")
    ratio, mel = figures["times as fast"], figures["mel distance, worst"]
    assert isinstance(ratio, float) and isinstance(mel, float)
    return 0 if ratio >= BAR_RATIO and mel <= BAR_MEL else 1


if __name__ == "__main__":
    sys.exit(main())
