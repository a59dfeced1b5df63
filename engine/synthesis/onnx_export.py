"""A voice as a folder that onnxruntime speaks from, checked before anybody gets it.

text.onnx, prosody.onnx, decoder.onnx    see `engine.synthesis.exportable`
voice.npy      its style: (n, 1, 2 style_dim) float32
voice.json     vocabulary, sizes, inputs and outputs, what the check measured
speak.py       how to call it, with numpy and onnxruntime alone
"""

from __future__ import annotations

import importlib.util
import logging
import warnings
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from engine.audio.mel import SAMPLE_RATE, log_mel
from engine.errors import EngineError
from engine.model.base import style_for
from engine.model.config import FRAME_SAMPLES
from engine.model.graph import Kokoro, Speech
from engine.model.istftnet import HARMONICS
from engine.synthesis.acceleration import fold_weight_norm
from engine.synthesis.exportable import DecoderGraph, ProsodyGraph, TextGraph
from engine.text import VOCABULARIES, Frontend
from workspace.files import write_atomic, write_json

FACTS_FILE, STYLE_FILE, SCRIPT_FILE = "voice.json", "voice.npy", "speak.py"
DIFFERENCES = "differences_from_pytorch"  # key of `FACTS_FILE`
SCRIPT = Path(__file__).with_name("onnx_example.py")
NEEDED = ("onnx", "onnxscript", "onnxruntime")
FIX = "install what exports: pip install 'yinfang[export]'"
# One to learn the shapes from, one far shorter and one longer to prove that they are not fixed.
SENTENCES = (
    "今天天气很好,我们去公园散步。",
    "好。",
    "请把窗户打开,让新鲜的空气进来;晚饭以后,大家一起在院子里看星星,好不好?",
)
AUDIO_TOLERANCE = 1e-3  # of full scale, the same inputs given
CURVE_TOLERANCE = 1e-4  # relative, or absolute below 1
NOISE_SEED = 11

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Agreement:
    """How near the exported graphs are to PyTorch, the worst of all sentences.

    Attributes:
        curves: difference of F0 (Hz) and energy, relative where the value is above 1.
        audio: largest difference of samples, the decoder's inputs being the same.
        mel: mean difference of the natural log-mel of the whole chain, text to audio, to what the
            graph says in its own order of operations.
    """

    curves: float
    audio: float
    mel: float

    def or_worse(self, other: Agreement) -> Agreement:
        """The greater of each difference; what is no number is worse than any."""
        return Agreement(
            float(np.maximum(self.curves, other.curves)),
            float(np.maximum(self.audio, other.audio)),
            float(np.maximum(self.mel, other.mel)),
        )


@dataclass(frozen=True)
class _Sentence:
    """A sentence for the check, and what PyTorch says to it before anything is rearranged."""

    tokens: Tensor
    style: Tensor
    noise: Tensor
    speech: Speech


def require_exporter() -> None:
    """Raises EngineError where a package is missing that exporting needs."""
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise EngineError(f"exporting needs {', '.join(missing)}, not installed here", FIX)


def export_voice(
    folder: Path,
    graph: Kokoro,
    style: Tensor,
    vocabulary: str,
    facts: Mapping[str, Any],
    progress: Callable[[str], None],
) -> Agreement:
    """Write a voice for onnxruntime, and prove that it speaks as PyTorch does.

    Args:
        folder: exists.
        graph: in evaluation mode on the CPU; taken apart.
        style: (n, 1, 2 style_dim).
        vocabulary: name of the phonemes that the graph was trained on.
        facts: what else `voice.json` is to say: the voice's name, base, hash.
        progress: told which part is being made.

    Raises:
        EngineError: a package is missing, or what was written speaks differently.
    """
    require_exporter()
    fold_weight_norm(graph)
    graph.requires_grad_(False)
    frontend = Frontend(vocabulary)
    phonemes = [frontend.phonemize(text).ids for text in SENTENCES]
    longest = graph.config.plbert.max_position_embeddings - 2
    with torch.inference_mode():
        sentences = [_sentence(graph, style, ids[:longest]) for ids in phonemes]
    parts = parts_of(graph)
    examples = _inputs(parts, sentences[0])
    for name, part in parts.items():
        progress(f"exporting {name}")
        _write_graph(folder / f"{name}.onnx", part, examples[name])
    progress("checking")
    agreement = check(folder, parts, sentences)
    np.save(folder / STYLE_FILE, style.numpy(), allow_pickle=False)
    write_atomic(folder / SCRIPT_FILE, SCRIPT.read_bytes())
    channels = [HARMONICS] if graph.config.decoder == "istftnet" else []
    content = {
        **facts, "vocabulary": dict(VOCABULARIES[vocabulary].ids), "longest": longest,
        "sample_rate": SAMPLE_RATE, "frame_samples": FRAME_SAMPLES, "noise_channels": channels,
        "graphs": GRAPHS, "example": {"text": SENTENCES[0], "ids": list(phonemes[0][:longest])},
        DIFFERENCES: asdict(agreement),
    }  # fmt: skip
    write_json(folder / FACTS_FILE, content)
    return agreement


GRAPHS = {
    "text": {
        "tokens": "int64 (1, n + 2): phoneme ids with a 0 at both ends",
        "style": "float32 (1, channels): row min(n, rows) - 1 of voice.npy",
        "speed": "float32 (): above 1 speaks faster",
        "-> durations": "int64 (1, n + 2): frames of 25 ms",
        "-> prosodic, acoustic": "float32 (1, n + 2, channels): repeat each by its duration",
    },
    "prosody": {
        "prosodic": "float32 (1, frames, channels)",
        "style": "as above",
        "-> f0": "float32 (1, 2 frames), Hz",
        "-> energy": "float32 (1, 2 frames)",
    },
    "decoder": {
        "acoustic": "float32 (1, frames, channels)",
        "f0, energy, style": "as above",
        "noise": "float32 (1, 600 frames, *noise_channels), standard normal",
        "-> audio": "float32 (1, 600 frames), full scale 1",
    },
}
OUTPUTS = {
    "text": ("durations", "prosodic", "acoustic"),
    "prosody": ("f0", "energy"),
    "decoder": ("audio",),
}
FIXED = frozenset({"style", "speed"})  # inputs whose shape no sentence changes


def parts_of(graph: Kokoro) -> dict[str, nn.Module]:
    """The three graphs by name; they take the graph's layers and put others in their place."""
    return {
        "text": TextGraph(graph), "prosody": ProsodyGraph(graph), "decoder": DecoderGraph(graph),
    }  # fmt: skip


def check(folder: Path, parts: Mapping[str, nn.Module], sentences: list[_Sentence]) -> Agreement:
    """Compare what was written with what it was written from.

    Each graph gets the inputs that PyTorch got: an F0 that differs in its last digit turns a phase
    of the excitation by a little more with every period, and in the end another way round.

    Raises:
        EngineError: durations differ, or curves or audio by more than the tolerances.
    """
    import onnxruntime

    sessions = {
        name: onnxruntime.InferenceSession(
            folder / f"{name}.onnx", providers=["CPUExecutionProvider"]
        )
        for name in parts
    }
    worst = Agreement(0.0, 0.0, 0.0)
    for sentence in sentences:
        inputs = _inputs(parts, sentence)
        said = {
            name: dict(zip(OUTPUTS[name], session.run(None, _arrays(inputs[name])), strict=True))
            for name, session in sessions.items()
        }
        if not np.array_equal(said["text"]["durations"], sentence.speech.durations.numpy()):
            raise EngineError(f"{folder}: durations differ from PyTorch's", REPORT)
        expected = inputs["decoder"]
        curves = [
            _difference(said["prosody"][name], expected[name].numpy()) for name in ("f0", "energy")
        ]
        with torch.inference_mode():
            audio = parts["decoder"](*expected.values()).numpy()
        found = Agreement(
            float(np.max(curves)),
            float(np.abs(said["decoder"]["audio"] - audio).max()),
            _mel_distance(_chain(sessions, inputs), sentence.speech.audio[0]),
        )
        worst = worst.or_worse(found)
    if not (worst.curves <= CURVE_TOLERANCE and worst.audio <= AUDIO_TOLERANCE):
        raise EngineError(
            f"{folder}: onnxruntime differs from PyTorch by {worst.curves:.1e} in F0 or energy "
            f"and {worst.audio:.1e} in audio",
            REPORT,
        )
    return worst


REPORT = "nothing was written; report it with the versions of torch, onnxscript and onnxruntime"


def _sentence(graph: Kokoro, style: Tensor, ids: tuple[int, ...]) -> _Sentence:
    row = style_for(style, len(ids))
    noises = []

    def noise(frames: Tensor) -> Tensor:
        shape = [1, int(frames[0]) * FRAME_SAMPLES]
        if graph.config.decoder == "istftnet":
            shape.append(HARMONICS)
        noises.append(torch.randn(shape, generator=torch.Generator().manual_seed(NOISE_SEED)))
        return noises[0]

    tokens = torch.tensor([[0, *ids, 0]])
    speech = graph.synthesize(tokens, torch.tensor([tokens.shape[1]]), row, noise=noise)
    return _Sentence(tokens, row, noises[0], speech)


def _inputs(parts: Mapping[str, nn.Module], sentence: _Sentence) -> dict[str, dict[str, Tensor]]:
    """Each graph's inputs, by name, as the graphs before it make them in PyTorch."""
    style = sentence.style
    text = {"tokens": sentence.tokens, "style": style, "speed": torch.tensor(1.0)}
    with torch.inference_mode():
        durations, *encoded = parts["text"](*text.values())
        prosodic, acoustic = (each.repeat_interleave(durations[0], dim=1) for each in encoded)
        f0, energy = parts["prosody"](prosodic, style)
    inputs = {
        "text": text,
        "prosody": {"prosodic": prosodic, "style": style},
        "decoder": {
            "acoustic": acoustic, "f0": f0, "energy": energy, "style": style,
            "noise": sentence.noise,
        },
    }  # fmt: skip
    # tensors made in inference mode cannot be traced
    return {name: {k: v.clone() for k, v in values.items()} for name, values in inputs.items()}


def _write_graph(path: Path, part: nn.Module, inputs: Mapping[str, Tensor]) -> None:
    dynamic = torch.export.Dim.DYNAMIC
    shapes = tuple(None if name in FIXED else {1: dynamic} for name in inputs)
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # of packages that this does without
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what the exporter's own packages deprecate
        program = torch.onnx.export(
            part, tuple(inputs.values()), input_names=list(inputs),
            output_names=list(OUTPUTS[path.stem]), dynamic_shapes=shapes, dynamo=True,
            verbose=False,
        )  # fmt: skip
    assert program is not None
    program.save(path)


def _chain(sessions: Mapping[str, Any], inputs: Mapping[str, Mapping[str, Tensor]]) -> Tensor:
    """Audio (samples,) by onnxruntime alone, from phonemes on."""
    style = inputs["text"]["style"].numpy()
    durations, *encoded = sessions["text"].run(None, _arrays(inputs["text"]))
    prosodic, acoustic = (np.repeat(each, durations[0], axis=1) for each in encoded)
    f0, energy = sessions["prosody"].run(None, {"prosodic": prosodic, "style": style})
    noise = inputs["decoder"]["noise"].numpy()
    given = {"acoustic": acoustic, "f0": f0, "energy": energy, "style": style, "noise": noise}
    return torch.from_numpy(sessions["decoder"].run(None, given)[0][0])


def _arrays(inputs: Mapping[str, Tensor]) -> Arrays:
    return {name: tensor.numpy() for name, tensor in inputs.items()}


def _difference(ours: NDArray[Any], theirs: NDArray[Any]) -> float:
    return float((np.abs(ours - theirs) / np.maximum(np.abs(theirs), 1.0)).max())


def _mel_distance(ours: Tensor, theirs: Tensor) -> float:
    return float((log_mel(ours) - log_mel(theirs)).abs().mean())
