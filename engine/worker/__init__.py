"""Job kinds: one module with one `run` each, and the process that runs them."""
