"""What a speaker reads: sets of Mandarin sentences, and how pinyin is taken apart and shown.

for prompt in read_set("mandarin-50"):
    print(prompt.id, prompt.text, tone_marks(prompt.pinyin))
"""

from workspace.prompts.pinyin import PinyinError, Syllable, paired, syllables, tone_marks
from workspace.prompts.sets import SETS, TITLES, Prompt, read_set

__all__ = [
    "SETS",
    "TITLES",
    "PinyinError",
    "Prompt",
    "Syllable",
    "paired",
    "read_set",
    "syllables",
    "tone_marks",
]
