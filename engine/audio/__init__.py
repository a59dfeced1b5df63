"""Audio in the engine's terms: 24 kHz, mono, 80 frames a second."""
