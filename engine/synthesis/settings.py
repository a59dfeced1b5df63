"""The table `[synthesis]` of `config.toml`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from workspace.settings import Table


class SynthesisSettings(Table):
    """`[synthesis]`: how text is spoken."""

    chunk_phonemes: int = Field(200, ge=40, le=450)
    """Phonemes that long text is cut at, at the end of a sentence or a clause."""
    pause_ms: int = Field(250, ge=0, le=5000)
    """Silence between chunks, milliseconds."""
    threads: int = Field(0, ge=0)
    """CPU threads that speak. 0 takes one for the small model, which is fastest so, and all cores
    for Kokoro: the first chunk of a text has them together, those behind it one each."""
    precision: Literal["auto", "exact", "float32", "bfloat16"] = "auto"
    """How Kokoro's decoder computes. "exact" keeps the published order of operations. "float32"
    sums in a faster order, which nobody hears. "bfloat16" also multiplies in half the digits, about
    twice as fast as "exact" where the processor or GPU can. "auto" takes the fastest that is native
    here. Durations, pitch and energy do not depend on it, nor does the small model."""
    batch: int = Field(0, ge=0, le=64)
    """Chunks of a long text that are spoken together, behind the first, which never waits. 0 takes
    16 on a GPU and 1 on a CPU, where it saves nothing."""
    compile: bool = False
    """Compile Kokoro's decoder for this GPU when the voice is loaded. That takes minutes, once a
    worker: worth it for books, not for a sentence. A CPU does not compile."""
    default_voice: str = ""
    """Voice that speaks where none is named; empty takes the base's first."""
