"""Voices, checkpoints and recordings beside each other: what of it needs no terminal."""
