"""What computes: audio, text, corpus, model, training, synthesis, evaluation.

Knows neither the daemon nor the terminal: a worker process is started on a run folder
(`workspace.run`) and leaves its results there.
"""

__version__ = "0.1.0"
