"""Speak with this voice; numpy and onnxruntime are all it takes.

python speak.py out.wav              the example sentence of voice.json
python speak.py out.wav SYMBOLS      phonemes, each a symbol of voice.json's vocabulary
"""

import json
import sys
import wave
from pathlib import Path

import numpy as np
import onnxruntime

here = Path(__file__).parent
facts = json.loads((here / "voice.json").read_text(encoding="utf-8"))
styles = np.load(here / "voice.npy")  # (n, 1, channels): a row for each length of text, or one
text, prosody, decoder = (
    onnxruntime.InferenceSession(here / f"{name}.onnx") for name in ("text", "prosody", "decoder")
)


def speak(ids: list[int], speed: float = 1.0, seed: int = 0) -> np.ndarray:
    """Phoneme ids, at most facts["longest"] of them, to (samples,) float32."""
    style = styles[min(len(ids), len(styles)) - 1]
    pace = np.array(speed, dtype=np.float32)
    inputs = {"tokens": np.array([[0, *ids, 0]]), "style": style, "speed": pace}
    durations, *encoded = text.run(None, inputs)  # frames of 25 ms, which may be changed here
    prosodic, acoustic = (np.repeat(each, durations[0], axis=1) for each in encoded)
    f0, energy = prosody.run(None, {"prosodic": prosodic, "style": style})  # and these here
    shape = (1, facts["frame_samples"] * durations.sum(), *facts["noise_channels"])
    noise = np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)
    curves = {"f0": f0, "energy": energy, "style": style, "noise": noise}
    audio: np.ndarray = decoder.run(None, {"acoustic": acoustic, **curves})[0][0]
    return audio


if __name__ == "__main__":
    given = [facts["vocabulary"][symbol] for symbol in "".join(sys.argv[2:])]
    audio = speak(given or facts["example"]["ids"])
    with wave.open(sys.argv[1], "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(facts["sample_rate"])
        file.writeframes((np.clip(audio, -1, 1) * 32767).astype("<i2").tobytes())
