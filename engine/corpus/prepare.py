"""From a dataset's folder to a prepared corpus."""

from __future__ import annotations

from engine.corpus.measure import Measured, Refusal, measure

__all__ = ["Measured", "Refusal", "measure"]
