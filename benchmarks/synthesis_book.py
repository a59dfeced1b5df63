"""A long text at Kokoro's size, on a GPU where there is one: ours beside the public package.

    python -m benchmarks.synthesis_book [--characters 100000] [--text FILE] [--device cuda] [--json]

Both have the same random weights of the published shape and the same phonemes, which both make as
they go. The package says one piece after the other, which is all that it can; ours is what a worker
runs, `Speaker`. They take turns by stretches of the text, after one that is not counted, so that
what else the machine does falls on both.
"""

from __future__ import annotations

import argparse
import itertools
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import nn

from benchmarks.parity_kokoro import load_reference, random_model, write_published
from benchmarks.synthesis_kokoro import SENTENCES
from engine.audio.mel import SAMPLE_RATE
from engine.model.config import KOKORO
from engine.model.published import load_kokoro
from engine.synthesis.acceleration import accelerate
from engine.synthesis.settings import SynthesisSettings
from engine.synthesis.speaker import Speaker
from engine.text import Frontend, split

STRETCHES = 10  # that the text is counted in
WARM_UP = 400  # characters that are not counted

Say = Callable[[str], int]  # a stretch of text -> samples that were made of it


def main() -> None:
    options = _options()
    device = torch.device(options.device)
    settings = SynthesisSettings()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "kokoro.pth"
        model = random_model(seed=1)
        write_published(path, model, with_affine=True)
        reference = load_reference(path, model.state_dict()).to(device)
        graph = accelerate(load_kokoro(path), device, settings)
    generator = torch.Generator().manual_seed(5)
    style = torch.randn(1, 2 * KOKORO.style_dim, generator=generator)
    speaker = Speaker(graph, style[:, None], Frontend("v1.1-zh"), settings)
    ways: dict[str, Say] = {
        "package": lambda text: package(reference, speaker, text),
        "ours": lambda text: len(speaker.whole(text)),
    }
    figures = contest(ways, stretches(_lines(options.text), options.characters))
    figures |= {"device": _name(device), "weights": "random, published shape"}
    if options.json:
        print(json.dumps(figures, indent=1))
    else:
        for name, value in figures.items():
            print(f"{name:28}{value:12.4f}" if isinstance(value, float) else f"{name:28}{value}")


def contest(ways: dict[str, Say], text: Sequence[str]) -> dict[str, float | str]:
    """Figures of each way to say all of a text but its first stretch."""
    taken, made = dict.fromkeys(ways, 0.0), dict.fromkeys(ways, 0)
    for number, stretch in enumerate(text):
        for name, say in ways.items():
            began = time.perf_counter()
            samples = say(stretch)
            if number:
                taken[name] += time.perf_counter() - began
                made[name] += samples
    characters = sum(map(len, text[1:]))
    figures: dict[str, float | str] = {"characters": float(characters)}
    for name in ways:
        figures[f"{name}: characters/s"] = characters / taken[name]
        figures[f"{name}: real-time factor"] = taken[name] * SAMPLE_RATE / made[name]
    return figures | {"times as fast": taken["package"] / taken["ours"]}


@torch.inference_mode()
def package(reference: nn.Module, speaker: Speaker, text: str) -> int:
    """The public package's model, a piece of text after the other; samples made."""
    made = 0
    for piece in split(text, longest=speaker.settings.chunk_phonemes):
        if not piece.strip():
            continue
        ids = speaker.frontend.phonemize(piece).ids
        tokens = torch.tensor([[0, *ids, 0]], device=speaker.device)
        style = speaker.style[0].to(speaker.device)
        audio, _ = reference.forward_with_tokens(tokens, style)  # type: ignore[operator]
        made += audio.cpu().numel()
    return made


def stretches(lines: Sequence[str], characters: int) -> list[str]:
    """One stretch to warm up, then `characters` in as many as are counted; each ends a line."""
    found, endless = [], itertools.cycle(lines)
    for wanted in (WARM_UP, *[characters // STRETCHES] * STRETCHES):
        stretch = ""
        while len(stretch) < wanted:
            stretch += next(endless)
        found.append(stretch)
    return found


def _lines(path: Path) -> list[str]:
    """The first column of each line."""
    lines = path.read_text(encoding="utf-8").splitlines()
    texts = [line.split("\t")[0].strip() for line in lines if not line.startswith("#")]
    return [text if text.endswith(("。", "?", "!")) else text + "。" for text in texts if text]


def _name(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"CPU, {torch.get_num_threads()} threads"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--characters", type=int, default=100_000)
    parser.add_argument("--text", type=Path, default=SENTENCES, help="sentences, one a line")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser.parse_args()


if __name__ == "__main__":
    main()
