"""A voice that speaks: text in, audio out chunk by chunk."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.audio.mel import SAMPLE_RATE
from engine.errors import EngineError
from engine.model.base import (
    STYLE_FILE,
    WEIGHTS_FILE,
    Base,
    SpeechModel,
    apply_voice_weights,
    base_of,
    find_base,
    load_style,
    read_card,
    read_header,
    style_for,
)
from engine.model.config import FRAME_SAMPLES
from engine.model.graph import Kokoro
from engine.model.istftnet import Decoder
from engine.synthesis.acceleration import accelerate, batch_size, speaking_threads
from engine.synthesis.settings import SynthesisSettings
from engine.synthesis.side_by_side import side_by_side
from workspace.bases import speaking_voices
from workspace.files import write_atomic
from workspace.layout import Workspace
from workspace.voices import finished_voices

if TYPE_CHECKING:
    from engine.text import Frontend, Note, Phonemes

SPEED_RANGE = (0.5, 2.0)
PEAK_LIMIT = 0.99  # of full scale


@dataclass(frozen=True)
class Chunk:
    """A spoken piece of text.

    Attributes:
        text: the piece, as given; empty where the piece before goes on.
        audio: (samples,) float32, 24 kHz, full scale 1.
        phonemes: how many tokens it has.
        notes: what was dropped, spelled or guessed in it.
    """

    text: str
    audio: NDArray[np.float32]
    phonemes: int
    notes: tuple[Note, ...]


@dataclass(frozen=True)
class _Part:
    """What one call of the model may say: a piece of text, or a run of a long piece.

    Attributes:
        text: of the whole piece, with its first run; empty in the others.
        ids: phonemes; none where the piece cannot be spoken.
        paused: silence comes before it.
        seed: of its noise, whatever else is spoken with it.
    """

    text: str
    ids: tuple[int, ...]
    notes: tuple[Note, ...] = ()
    paused: bool = False
    seed: int = 0


class Speaker:
    """A model, a style and a text front end, ready to speak.

    Args:
        graph: in evaluation mode.
        style: (n, 1, 2 style_dim).
        frontend: makes the phonemes that the graph was trained on.
    """

    def __init__(
        self, graph: Kokoro, style: Tensor, frontend: Frontend, settings: SynthesisSettings
    ) -> None:
        self.graph, self.style, self.frontend, self.settings = graph, style, frontend, settings
        self.device = next(graph.parameters()).device
        self.batch = batch_size(self.device, settings)
        self.threads = speaking_threads(graph, settings)
        self.longest = graph.config.plbert.max_position_embeddings - 2  # BOS and EOS

    def speak(self, text: str, speed: float = 1.0, seed: int = 0) -> Iterator[Chunk]:
        """Speak a text of any length; the first chunk comes as soon as it is ready.

        Args:
            speed: 1 as the voice speaks, 2 twice as fast.
            seed: of the noise in the sound; on one kind of device, the same gives the same samples.

        Raises:
            EngineError: nothing in the text can be spoken, or the speed is out of range.
        """
        if not SPEED_RANGE[0] <= speed <= SPEED_RANGE[1]:
            raise EngineError(
                f"speed {speed:g}", f"give one from {SPEED_RANGE[0]:g} to {SPEED_RANGE[1]:g}"
            )
        silence = np.zeros(self.settings.pause_ms * SAMPLE_RATE // 1000, dtype=np.float32)

        def say(batch: list[_Part]) -> list[NDArray[np.float32]]:
            return self._audio([part for part in batch if part.ids], speed)

        threads = self.threads if self.device.type == "cpu" else 1
        for batch, spoken in side_by_side(
            say, batches(self._parts(text, seed), self.batch), threads
        ):
            sounds = iter(spoken)
            for part in batch:
                audio = next(sounds) if part.ids else np.zeros(0, dtype=np.float32)
                if part.paused:
                    audio = np.concatenate([silence, audio])
                yield Chunk(part.text, audio, len(part.ids), part.notes)

    def whole(self, text: str, speed: float = 1.0, seed: int = 0) -> NDArray[np.float32]:
        """All chunks of `speak` in one array."""
        return np.concatenate([chunk.audio for chunk in self.speak(text, speed, seed)])

    def _parts(self, text: str, seed: int) -> Iterator[_Part]:
        """What is said of a text, in order; it is phonemized no earlier than it is asked for."""
        from engine.text import Note, TextError, split

        spoken = 0
        unspeakable: TextError | None = None
        for piece in split(text, longest=self.settings.chunk_phonemes):
            if not piece.strip():
                continue
            try:
                phonemes = self.frontend.phonemize(piece)
            except TextError as error:  # a line of signs is no reason to stop the rest
                unspeakable = error
                yield _Part(piece, (), (Note("dropped", piece.strip(), error.message),))
                continue
            for run, ids in enumerate(cut(phonemes, self.longest)):
                paused = bool(spoken) and not run
                notes = () if run else phonemes.notes
                yield _Part("" if run else piece, ids, notes, paused, seed + spoken)
                spoken += 1
        if not spoken:
            raise unspeakable or EngineError("the text is empty", "give a sentence to speak")

    @torch.inference_mode()
    def _audio(self, parts: Sequence[_Part], speed: float) -> list[NDArray[np.float32]]:
        """The sound of each part, (samples,), spoken in one call."""
        if not parts:
            return []
        rows = [torch.tensor([0, *part.ids, 0]) for part in parts]
        tokens = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True).to(self.device)
        lengths = torch.tensor([len(row) for row in rows], device=self.device)
        style = torch.cat([style_for(self.style, len(part.ids)) for part in parts])

        def noise(frames: Tensor) -> Tensor:
            return self._noise([part.seed for part in parts], frames.tolist())

        speech = self.graph.synthesize(tokens, lengths, style.to(self.device), speed, noise)
        return [_within_full_scale(audio) for audio in speech.utterances()]

    def _noise(self, seeds: Sequence[int], frames: Sequence[int]) -> Tensor:
        """Each part's own noise, padded: the same whatever it is spoken with.

        Drawn where it is needed: a core would take as long as a GPU takes to speak.
        """
        noises = []
        for seed, count in zip(seeds, frames, strict=True):
            generator = torch.Generator(self.device).manual_seed(seed)
            shape: tuple[int, ...] = (count * FRAME_SAMPLES,)
            if self.graph.config.decoder == "istftnet":
                shape = Decoder.noise_shape(1, count)[1:]
            noises.append(torch.randn(shape, generator=generator, device=self.device))
        return torch.nn.utils.rnn.pad_sequence(noises, batch_first=True)


def _within_full_scale(audio: Tensor) -> NDArray[np.float32]:
    samples = audio.float().cpu().numpy()
    peak = float(np.abs(samples).max())
    gain = min(1.0, PEAK_LIMIT / peak) if peak else 1.0
    return np.asarray(samples * gain, dtype=np.float32)


def batches(parts: Iterator[_Part], size: int) -> Iterator[list[_Part]]:
    """Parts in groups with `size` that can be spoken; the first goes alone and comes soonest.

    A part that cannot be spoken goes along with those behind it.
    """
    batch: list[_Part] = []
    room = 1
    for part in parts:
        batch.append(part)
        room -= bool(part.ids)
        if not room:
            yield batch
            batch, room = [], size
    if batch:
        yield batch


def cut(phonemes: Phonemes, longest: int) -> list[tuple[int, ...]]:
    """Ids in runs of at most `longest`, about equally long; the runs joined are all the ids.

    They end where a syllable or a word does, and take the marks behind it along. Only a word that
    is longer than `longest` by itself is cut inside.
    """
    count = len(phonemes.ids)
    begins = [syllable.start for syllable in phonemes.syllables]
    runs = []
    start = 0
    while count - start > longest:
        even = math.ceil((count - start) / math.ceil((count - start) / longest))
        places = [place for place in begins if start < place <= start + longest]
        end = next((p for p in places if p >= start + even), max(places, default=start + longest))
        runs.append(phonemes.ids[start:end])
        start = end
    return [*runs, phonemes.ids[start:]]


def load_speaker(
    workspace: Workspace, name: str, settings: SynthesisSettings, version: str = ""
) -> Speaker:
    """The speaker of a voice, on the GPU where there is one: see `load_voice`."""
    voice = load_voice(workspace, name or settings.default_voice, version)
    return speaker_of(workspace, voice.graph, voice.style, voice.base.vocabulary, settings)


def speaker_of(
    workspace: Workspace,
    graph: Kokoro,
    style: Tensor,
    vocabulary: str,
    settings: SynthesisSettings,
) -> Speaker:
    """A graph made ready to speak, on the GPU where there is one, with the user's own readings.

    Args:
        workspace: holds the readings.
        graph: in evaluation mode; changed in place.
        style: (n, 1, 2 style_dim).
        vocabulary: of the phonemes that the graph was trained on.
        settings: how it speaks.
    """
    from engine.text import Frontend, Lexicon

    lexicon = Lexicon.load(workspace.lexicon) if workspace.lexicon.is_file() else None
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return Speaker(
        accelerate(graph, device, settings), style, Frontend(vocabulary, lexicon), settings
    )


@dataclass(frozen=True)
class LoadedVoice:
    """A voice's base, its graph in evaluation mode on the CPU, and its style (n, 1, channels)."""

    name: str
    version: str
    base: Base
    graph: Kokoro
    style: Tensor


def load_voice(workspace: Workspace, name: str, version: str = "") -> LoadedVoice:
    """A voice of `voices/<name>/`, or one that came with a base.

    Args:
        workspace: holds voices and bases.
        name: the voice's; empty takes the newest base's default.
        version: of the voice; empty takes the newest.

    Raises:
        EngineError: no such voice, or it has no such version; names those that are there.
    """
    models = workspace.models
    name = name or _base_default(models)
    own = finished_voices(workspace.voices)
    of_bases = speaking_voices(models)
    if name in own:
        folder = _version(own[name], name, version)
        base, model = load_voice_model(models, folder)
        style = load_style(folder / STYLE_FILE, base.config)
        return LoadedVoice(name, folder.name, base, model.graph, style)
    if name in of_bases and not version:
        base = Base.open(of_bases[name].parent.parent)
        style = load_style(of_bases[name], base.config)
        return LoadedVoice(name, "", base, base.load().graph, style)
    called = f"{name!r}, version {version!r}" if version else f"{name!r}"
    known = ", ".join(sorted({*own, *of_bases}))
    raise EngineError(f"no voice is called {called}", f"choose one of: {known or 'none yet'}")


def load_voice_model(models: Path, folder: Path) -> tuple[Base, SpeechModel]:
    """A voice's base and the model with the voice's weights over it.

    Raises:
        EngineError: its base is not there, or its weights are damaged or do not fit.
    """
    path = folder / WEIGHTS_FILE
    header = read_header(path)
    base = base_of(models, header.get("base_sha256", ""), header.get("base", ""), path)
    model = base.load()
    apply_voice_weights(model, path, base)
    return base, model


def _base_default(models: Path) -> str:
    """The voice that the newest base speaks in unless told otherwise."""
    base = find_base(models)
    return str(read_card(base.folder).get("default_voice") or next(iter(base.voices()), ""))


def _version(versions: list[Path], name: str, version: str) -> Path:
    """The folder of a voice's version, the newest unless one is named."""
    for folder in versions:
        if not version or folder.name == version:
            return folder
    known = ", ".join(folder.name for folder in versions)
    raise EngineError(f"voice {name!r} has no version {version!r}", f"choose one of: {known}")


def wav_bytes(audio: NDArray[np.float32]) -> bytes:
    """A 16-bit WAV of 24 kHz audio."""
    import soundfile

    buffer = io.BytesIO()
    soundfile.write(buffer, audio, SAMPLE_RATE, format="WAV", subtype="PCM_16")
    return buffer.getvalue()


def write_wav(path: Path, audio: NDArray[np.float32]) -> None:
    """Write a 16-bit WAV, wholly or not at all."""
    write_atomic(path, wav_bytes(audio))
