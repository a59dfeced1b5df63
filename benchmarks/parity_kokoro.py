"""Our Kokoro graph against the public package's, on the same weights and the same noise.

Random weights in the full 82M shape are written in the published file format and loaded by both.
Both then speak the same token sequences; the durations must be equal, F0 and energy must agree
within 1e-4 and the audio within 1e-3 of full scale. The sizes are those of v1.0; `--config` takes
another published `config.json`, such as that of v1.1-zh.

The noise is matched through its generator. The public package draws, for one utterance of `n`
samples, `rand(1, 9)` (initial phases, which its interpolation then discards), `randn(1, n, 9)`
(the noise of the excitation) and `randn(1, n, 1)` (never used). Seeding anew, drawing in that order
and in that layout in memory, and handing the second to our decoder gives both the same noise.

The bar asks for more than close arithmetic. The excitation enters as the phase of its spectrum,
between -pi and pi: where a bin lies at that cut, a rounding error in F0 turns its sign and is heard
as a difference. So the graph keeps the published order of operations up to F0.

    pip install --no-deps kokoro==0.9.4
    pip install transformers==5.23.0 loguru attrs
    python -m benchmarks.parity_kokoro [--texts 20] [--config config.json] [--json]
"""

import argparse
import importlib
import importlib.util
import json
import math
import os
import sys
import tempfile
import time
import types
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from engine.model.config import KOKORO, ModelConfig
from engine.model.graph import Kokoro
from engine.model.istftnet import Decoder
from engine.model.layers import InstanceAffine
from engine.model.published import load_kokoro

TOLERANCE = 1e-3  # of full scale
CURVE_TOLERANCE = 1e-4  # Hz, and the unit of energy
PITCH_CENTRE = 120.0  # Hz; random weights would never cross the voicing threshold by themselves
FRAMES_PER_TOKEN = 4.0
PUBLISHED_CONFIG: dict[str, Any] = {
    "istftnet": {
        "upsample_kernel_sizes": [20, 12],
        "upsample_rates": [10, 6],
        "gen_istft_hop_size": 5,
        "gen_istft_n_fft": 20,
        "resblock_dilation_sizes": [[1, 3, 5], [1, 3, 5], [1, 3, 5]],
        "resblock_kernel_sizes": [3, 7, 11],
        "upsample_initial_channel": 512,
    },
    "dim_in": 64,
    "dropout": 0.2,
    "hidden_dim": 512,
    "max_conv_dim": 512,
    "max_dur": 50,
    "multispeaker": True,
    "n_layer": 3,
    "n_mels": 80,
    "n_token": 178,
    "style_dim": 128,
    "text_encoder_kernel_size": 5,
    "plbert": {
        "hidden_size": 768,
        "num_attention_heads": 12,
        "intermediate_size": 2048,
        "max_position_embeddings": 512,
        "num_hidden_layers": 12,
        "dropout": 0.1,
    },
    "vocab": {},
}


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One token sequence spoken by both."""

    tokens: int
    seconds: float
    durations_equal: bool
    f0_difference: float
    """Largest absolute difference, Hz; infinite where the lengths differ."""
    energy_difference: float
    audio_difference: float
    """Largest absolute difference of samples; infinite where the lengths differ."""
    audio_peak: float
    voiced: float
    """Share of F0 values above the voicing threshold: both kinds of excitation must occur."""
    reference_seconds: float
    our_seconds: float

    @property
    def agrees(self) -> bool:
        """Within the bar, and not by both being silent."""
        return (
            self.durations_equal
            and max(self.f0_difference, self.energy_difference) < CURVE_TOLERANCE
            and self.audio_difference < TOLERANCE
            and self.audio_peak > 10 * TOLERANCE
        )


def published_kokoro() -> types.ModuleType:
    """The public package's `kokoro.model`, without the English front end that the package loads.

    Raises:
        ModuleNotFoundError: the package is not installed.
    """
    spec = importlib.util.find_spec("kokoro")
    if spec is None or spec.submodule_search_locations is None:
        raise ModuleNotFoundError("kokoro")
    package = types.ModuleType("kokoro")
    package.__path__ = list(spec.submodule_search_locations)
    package.__spec__ = spec
    sys.modules["kokoro"] = package
    # Its log would say that nothing was loaded, although its second try does load.
    importlib.import_module("loguru").logger.disable("kokoro")
    return importlib.import_module("kokoro.model")


def random_model(seed: int, config: ModelConfig = KOKORO) -> Kokoro:
    """Random weights in which every tensor matters: no zero biases, no gains of one."""
    torch.manual_seed(seed)
    model = Kokoro(config).eval()
    with torch.no_grad():
        for tensor in model.parameters():
            tensor.add_(torch.randn_like(tensor) * 0.02)
        for module in model.modules():
            if isinstance(module, InstanceAffine):
                module.weight.add_(torch.randn_like(module.weight) * 0.1)
                module.bias.add_(torch.randn_like(module.bias) * 0.1)
        share = FRAMES_PER_TOKEN / config.max_dur
        duration = model.predictor.duration_proj.linear_layer
        duration.weight.mul_(4)  # so that tokens differ in length
        nn.init.constant_(duration.bias, math.log(share / (1 - share)))
        pitch = model.predictor.F0_proj
        pitch.weight.mul_(400)
        assert pitch.bias is not None
        nn.init.constant_(pitch.bias, PITCH_CENTRE)
    return model


def write_published(path: Path, model: Kokoro, *, with_affine: bool) -> None:
    """Write weights as Kokoro publishes them: five state dicts, `module.`, old weight norm."""
    affine = {n for n, m in model.named_modules() if isinstance(m, InstanceAffine)}
    parts: dict[str, dict[str, Tensor]] = {}
    for name, tensor in model.state_dict().items():
        if name.rpartition(".")[0] in affine and not with_affine:
            continue
        part, _, rest = name.partition(".")
        rest = rest.replace(".parametrizations.weight.original0", ".weight_g")
        rest = rest.replace(".parametrizations.weight.original1", ".weight_v")
        parts.setdefault(part, {})[f"module.{rest}"] = tensor
    torch.save(parts, path)


def load_reference(
    path: Path, expected: Mapping[str, Tensor], config: Mapping[str, Any] = PUBLISHED_CONFIG
) -> nn.Module:
    """The public model with the file's weights, verified tensor by tensor.

    Raises:
        RuntimeError: the package left a tensor out, as its fallback silently does.
    """
    reference: nn.Module = (
        published_kokoro()
        .KModel(repo_id="hexgrad/Kokoro-82M", config=dict(config), model=str(path))
        .eval()
    )
    for name, tensor in reference.state_dict().items():
        ours = name.replace(".weight_g", ".parametrizations.weight.original0")
        ours = ours.replace(".weight_v", ".parametrizations.weight.original1")
        if not torch.equal(expected[ours], tensor):
            raise RuntimeError(f"the public package did not load {name}")
    return reference


def published_noise(seed: int, frames: int) -> Tensor:
    """What the public package draws as its excitation's noise right after `manual_seed(seed)`."""
    torch.manual_seed(seed)
    batch, samples, harmonics = Decoder.noise_shape(1, frames)
    torch.rand(batch, harmonics)
    # The package's tensor lies transposed in memory, and generators fill in memory order.
    return torch.randn_like(torch.empty(batch, harmonics, samples).transpose(1, 2))


@torch.no_grad()
def compare(reference: nn.Module, ours: Kokoro, tokens: Tensor, seed: int) -> Comparison:
    """Speak `tokens` (1, n) with both."""
    torch.manual_seed(seed)
    style = torch.randn(1, 2 * ours.config.style_dim)
    curves: list[Tensor] = []
    decoder = reference.decoder
    assert isinstance(decoder, nn.Module)
    # the package returns no F0 and no energy: they are what its decoder is given
    watching = decoder.register_forward_pre_hook(lambda _, given: curves.extend(given[1:3]))
    torch.manual_seed(seed)
    start = time.perf_counter()
    audio, durations = reference.forward_with_tokens(tokens, style)  # type: ignore[operator]
    middle = time.perf_counter()
    watching.remove()
    noise = published_noise(seed, frames=int(durations.sum()))
    begin = time.perf_counter()
    speech = ours.synthesize(tokens, torch.tensor([tokens.shape[1]]), style, noise=noise)
    end = time.perf_counter()
    return Comparison(
        tokens=tokens.shape[1],
        seconds=len(audio) / 24_000,
        durations_equal=torch.equal(durations, speech.durations[0]),
        f0_difference=_largest_difference(curves[0], speech.f0),
        energy_difference=_largest_difference(curves[1], speech.energy),
        audio_difference=_largest_difference(audio, speech.audio[0]),
        audio_peak=float(audio.abs().max()),
        voiced=float((speech.f0 > 10).float().mean()),
        reference_seconds=middle - start,
        our_seconds=end - begin,
    )


def _largest_difference(theirs: Tensor, ours: Tensor) -> float:
    return float((theirs - ours).abs().max()) if theirs.shape == ours.shape else math.inf


def comparisons(
    texts: int,
    *,
    with_affine: bool = True,
    longest: int = 120,
    config: Mapping[str, Any] = PUBLISHED_CONFIG,
) -> Iterator[Comparison]:
    """Random token sequences from the shortest to `longest` tokens.

    Args:
        with_affine: whether the file carries the constants of AdaIN's norms.
        config: a published `config.json`.
    """
    sizes = ModelConfig.from_kokoro_json(config)
    model = random_model(seed=1, config=sizes)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "kokoro.pth"
        write_published(path, model, with_affine=with_affine)
        if not with_affine:
            for module in model.modules():
                if isinstance(module, InstanceAffine):
                    module.weight.fill_(1)
                    module.bias.zero_()
        reference = load_reference(path, model.state_dict(), config)
        ours = load_kokoro(path, sizes)
    generator = torch.Generator().manual_seed(2)
    for text in range(texts):
        inner = 1 + (longest - 3) * text // max(texts - 1, 1)
        tokens = torch.randint(1, sizes.n_token, (1, inner), generator=generator)
        yield compare(reference, ours, nn.functional.pad(tokens, (1, 1)), seed=100 + text)


def main() -> int:
    """Print one line a text; exit status 1 when a text differs."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--texts", type=int, default=20, help="token sequences to speak")
    parser.add_argument("--longest", type=int, default=120, help="tokens of the longest")
    parser.add_argument("--config", type=Path, help="a published config.json; v1.0's otherwise")
    parser.add_argument("--no-affine", action="store_true", help="a file without AdaIN's constants")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    config = PUBLISHED_CONFIG
    if arguments.config:
        config = json.loads(arguments.config.read_text(encoding="utf-8"))
    rows = []
    for row in comparisons(
        arguments.texts,
        with_affine=not arguments.no_affine,
        longest=arguments.longest,
        config=config,
    ):
        rows.append(row)
        if not arguments.json:
            print(_line(row), flush=True)
    worst = {
        name: max(getattr(row, f"{name}_difference") for row in rows)
        for name in ("f0", "energy", "audio")
    }
    agree = all(row.agrees for row in rows)
    if arguments.json:
        summary = {"agree": agree, "worst": worst, "texts": [asdict(row) for row in rows]}
        print(json.dumps(summary, indent=1))
    else:
        differences = ", ".join(f"{name} {value:.1e}" for name, value in worst.items())
        print(f"{'agree' if agree else 'DIFFER'}: worst differences: {differences}")
    return 0 if agree else 1


def _line(row: Comparison) -> str:
    return (
        f"{row.tokens:4d} tokens {row.seconds:6.2f} s  durations "
        f"{'equal' if row.durations_equal else 'DIFFER'}  F0 {row.f0_difference:.1e}  "
        f"energy {row.energy_difference:.1e}  audio {row.audio_difference:.1e} "
        f"(peak {row.audio_peak:.2f}, voiced {row.voiced:.0%})  "
        f"reference {row.reference_seconds:.2f} s, ours {row.our_seconds:.2f} s"
    )


if __name__ == "__main__":
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    sys.exit(main())
