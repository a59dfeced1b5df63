"""The table `[synthesis]` of `config.toml`."""

from __future__ import annotations

from pydantic import Field

from workspace.settings import Table


class SynthesisSettings(Table):
    """`[synthesis]`: how text is spoken."""

    chunk_phonemes: int = Field(200, ge=40, le=450)
    """Phonemes that long text is cut at, at the end of a sentence or a clause."""
    pause_ms: int = Field(250, ge=0, le=5000)
    """Silence between chunks, milliseconds."""
    threads: int = Field(1, ge=0)
    """CPU threads of a warm synthesis worker; 0 takes all. One is fastest for the small model."""
    default_voice: str = ""
    """Voice that speaks where none is named; empty takes the base's first."""
