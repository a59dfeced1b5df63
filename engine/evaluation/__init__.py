"""Measures that stand in for ears: envelope, melody, rhythm, intelligibility, identity.

Signals are compared with nothing but the engine; the recogniser and the speaker encoder are
third-party packages of the `evaluation` extra, loaded when they are made.
"""

from engine.evaluation.bootstrap import Statistic, statistic
from engine.evaluation.dtw import warping_path
from engine.evaluation.errors import EvaluationError
from engine.evaluation.mcd import Distortion, copy_mcd, full_mcd
from engine.evaluation.prosody import duration_mae, f0_rmse, voicing_error
from engine.evaluation.recognise import AlignedSyllable, Recogniser
from engine.evaluation.report import UNITS, Ears, Evaluation, Pair, Skipped, closed_sets, evaluate
from engine.evaluation.speaker import SpeakerEncoder, real_to_real, similarity
from engine.evaluation.syllables import edit_distance, error_rate, toneless_syllables

__all__ = [
    "UNITS",
    "AlignedSyllable",
    "Distortion",
    "Ears",
    "Evaluation",
    "EvaluationError",
    "Pair",
    "Recogniser",
    "Skipped",
    "SpeakerEncoder",
    "Statistic",
    "closed_sets",
    "copy_mcd",
    "duration_mae",
    "edit_distance",
    "error_rate",
    "evaluate",
    "f0_rmse",
    "full_mcd",
    "real_to_real",
    "similarity",
    "statistic",
    "toneless_syllables",
    "voicing_error",
    "warping_path",
]
