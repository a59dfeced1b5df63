"""English spelling -> ARPAbet by rule, for words that no dictionary has.

A small rule set in the manner of Elovitz et al., "Automatic Translation of English Text to
Phonetics by Means of Letter-to-Sound Rules" (NRL Report 7948, 1976): at each place the first
rule whose letters and surroundings fit gives the sound. Names come out recognisable, not right;
`benchmarks/text_pinyin.py` prints how often they agree with the dictionary.
"""

from __future__ import annotations

import re

_V = "[aeiouy]"
_C = "[bcdfghjklmnpqrstvwxz]"

# (letters, what must follow, what must stand before, sounds)
_RULES: tuple[tuple[str, str, str, str], ...] = (
    ("tion", "", ".", "SH AH N"), ("sion", "", _V, "ZH AH N"), ("sion", "", ".", "SH AH N"),
    ("cious", "", "", "SH AH S"), ("tious", "", "", "SH AH S"), ("ture", "$", ".", "CH ER"),
    ("ough", "", "", "AO"), ("augh", "", "", "AO"), ("eigh", "", "", "EY"), ("igh", "", "", "AY"),
    ("tch", "", "", "CH"), ("sch", "", "^", "SH"), ("sh", "", "", "SH"), ("ch", "r", "", "K"),
    ("ch", "", "", "CH"), ("ph", "", "", "F"), ("th", "", "", "TH"), ("wh", "", "", "W"),
    ("ck", "", "", "K"), ("kn", "", "^", "N"), ("gn", "", "^", "N"), ("wr", "", "^", "R"),
    ("ps", "", "^", "S"), ("gh", "", "^", "G"), ("gh", "", "", ""), ("ng", "$|[^aeiouy]", "", "NG"),
    ("nk", "", "", "NG K"), ("qu", "", "", "K W"), ("q", "", "", "K"), ("x", "", "^", "Z"),
    ("x", "", "", "K S"), ("dge", "", "", "JH"), ("dg", "", "", "JH"),
    ("sc", "[eiy]", "", "S"), ("ss", "", "", "S"), ("cc", "[eiy]", "", "K S"),
    ("c", "[eiy]", "", "S"), ("c", "", "", "K"), ("gg", "", "", "G"), ("ge", "$", ".", "JH"),
    ("g", "[eiy]", "[^n]", "JH"), ("g", "", "", "G"), ("s", f"{_V}", _V, "Z"),
    ("s", "$", "[bdglmnrvaeiouy]", "Z"), ("s", "", "", "S"), ("z", "", "", "Z"),
    ("ed", "$", "[td]", "AH D"), ("ed", "$", f"{_V}.*[pkfsx]", "T"),
    ("ed", "$", f"{_V}.*{_C}", "D"),
    ("es", "$", "[sxz]", "AH Z"), ("eau", "", "", "OW"), ("oar", "", "", "AO R"),
    ("air", "", "", "EH R"), ("are", "$", "", "EH R"), ("ear", "", "", "IH R"),
    ("eer", "", "", "IH R"), ("ere", "$", "", "IH R"), ("ire", "$", "", "AY ER"),
    ("ore", "$", "", "AO R"), ("ure", "$", "", "Y UH R"), ("our", "", "", "AW ER"),
    ("oor", "", "", "AO R"), ("arr", _V, "", "AE R"), ("ar", "", "", "AA R"),
    ("err", _V, "", "EH R"), ("er", "", "", "ER"), ("irr", _V, "", "IH R"), ("ir", "", "", "ER"),
    ("orr", _V, "", "AO R"), ("or", "$", "[^w]..", "ER"), ("or", "", "", "AO R"),
    ("ur", "", "", "ER"), ("yr", f"{_C}|$", "", "ER"),
    ("ai", "", "", "EY"), ("ay", "", "", "EY"), ("au", "", "", "AO"), ("aw", "", "", "AO"),
    ("ea", "", "", "IY"), ("ee", "", "", "IY"), ("ei", "", "", "IY"), ("ey", "$", "", "IY"),
    ("ey", "", "", "EY"), ("eu", "", "", "Y UW"), ("ew", "", "", "UW"),
    ("ie", "$", "", "IY"), ("ie", "", "", "IY"), ("io", "", "", "IY OW"), ("ia", "", "", "IY AH"),
    ("oa", "", "", "OW"), ("oe", "$", "", "OW"), ("oi", "", "", "OY"), ("oy", "", "", "OY"),
    ("oo", "k", "", "UH"), ("oo", "", "", "UW"), ("ou", "", "", "AW"), ("ow", "$", "", "OW"),
    ("ow", "", "", "AW"), ("ue", "$", "", "UW"), ("ui", "", "", "UW"), ("uy", "", "", "AY"),
    ("le", "$", _C, "AH L"), ("al", "k", "", "AO"), ("all", "", "", "AO L"),
    # a vowel, one consonant, final e: the vowel says its name
    ("a", f"{_C}e$", "", "EY"), ("e", f"{_C}e$", "", "IY"), ("i", f"{_C}e$", "", "AY"),
    ("o", f"{_C}e$", "", "OW"), ("u", f"{_C}e$", "[rjlsdt]", "UW"), ("u", f"{_C}e$", "", "Y UW"),
    ("y", f"{_C}e$", "", "AY"), ("e", "$", f"{_V}.*{_C}", ""), ("e", "$", "", "IY"),
    ("a", "$", "", "AH"), ("i", "$", "", "IY"), ("o", "$", "", "OW"), ("u", "$", "", "UW"),
    ("y", "$", f"^{_C}+", "AY"), ("y", "$", "", "IY"), ("y", _V, "", "Y"), ("y", "", "", "IH"),
    # before one consonant and another vowel the syllable is open
    ("o", f"{_C}{_V}", f"^{_C}*", "OW"), ("u", f"{_C}{_V}", f"^{_C}*", "UW"),
    ("i", f"{_V}", "", "AY"), ("i", f"{_C}[oa]", f"^{_C}*", "IY"),
    ("a", "", "", "AE"), ("e", "", "", "EH"), ("i", "", "", "IH"), ("o", "", "", "AA"),
    ("u", "", "", "AH"), ("j", "", "", "JH"), ("h", f"{_C}|$", "", ""), ("h", "", "", "HH"),
    ("w", f"{_C}|$", "", ""), ("w", "", "", "W"), ("v", "", "", "V"), ("d", "", "", "D"),
    *((letter, "", "", letter.upper()) for letter in "bfklmnprt"), ("'", "", "", ""),
)  # fmt: skip

_COMPILED = tuple(
    (letters, re.compile(after), re.compile(f"(?:{before})$") if before else None, sounds.split())
    for letters, after, before, sounds in _RULES
)
_DOUBLED = re.compile(r"([bdfklmnprtvz])\1")
_STRONG = frozenset(
    {"AA", "AE", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW", "AH"}
)


def letter_to_sound(word: str) -> list[str]:
    """ARPAbet with stress digits for a lower-case word; the first full vowel is stressed."""
    word = _DOUBLED.sub(r"\1", word)
    phones: list[str] = []
    position = 0
    while position < len(word):
        for letters, after, before, sounds in _COMPILED:
            end = position + len(letters)
            if (
                word.startswith(letters, position)
                and after.match(word, end)
                and (before is None or before.search(word[:position]))
            ):
                phones += sounds
                position = end
                break
        else:  # every letter has a rule without surroundings
            raise AssertionError(f"no rule for {word[position]!r}")
    return _stressed(phones)


def _stressed(phones: list[str]) -> list[str]:
    vowels = [index for index, phone in enumerate(phones) if phone in _STRONG]
    full = [index for index in vowels if phones[index] != "AH"] or vowels
    first = full[0] if full else -1
    marked = []
    for index, phone in enumerate(phones):
        if phone not in _STRONG:
            marked.append(phone)
        elif index == first:
            marked.append(phone + "1")
        else:
            marked.append(phone + "0")
    return marked
