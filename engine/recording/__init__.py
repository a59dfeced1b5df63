"""What a take is worth: its ends, loudness, noise, pace and words, for the person who made it.

No PyTorch here: the process that answers must be ready before a person has let go of the key.
"""
