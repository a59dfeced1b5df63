"""Where sound comes from and goes to: this machine's devices, and those of who is attached.

What is recorded here is kept here until the daemon has it (`spool`, `upload`); everything that the
dashboard needs of a microphone or a loudspeaker is in `microphone` and `loudspeaker`, and which of
them it means in `choose`.
"""
