"""The dashboard's own themes beside Textual's: dark, light, and one for colour-blind eyes."""

from __future__ import annotations

from textual.theme import Theme

DARK, LIGHT, BLIND, PLAIN = "yinfang-dark", "yinfang-light", "yinfang-blind", "ansi-dark"

# The colour-blind one is drawn from Okabe and Ito's palette (2008): blue, orange, sky blue,
# vermilion and bluish green are told apart by all common kinds of colour vision.
# Grounds are nearly grey: of 256 colours the nearest to a tinted dark one is black, or teal.
THEMES = (
    Theme(
        name=DARK, dark=True,
        primary="#6cb6d9", secondary="#d9b56c", accent="#e08f62",
        success="#7fbf8e", warning="#e3b341", error="#e5736e",
        foreground="#d8dee4", background="#121518", surface="#181c20", panel="#20262b",
    ),
    Theme(
        name=LIGHT, dark=False,
        primary="#1f6f9c", secondary="#8a6410", accent="#b4541f",
        success="#2f7d44", warning="#96690a", error="#b3322c",
        foreground="#20262c", background="#fbfaf7", surface="#f3f1ec", panel="#e9e6df",
    ),
    Theme(
        name=BLIND, dark=True,
        primary="#56b4e9", secondary="#f0e442", accent="#e69f00",
        success="#009e73", warning="#e69f00", error="#d55e00",
        foreground="#e6e6e6", background="#101214", surface="#181b1e", panel="#212529",
    ),
)  # fmt: skip
CYCLE = (DARK, LIGHT, BLIND, PLAIN)
