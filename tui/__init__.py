"""What a person touches: the `yinfang` command.

Talks to the daemon through `daemon.client` and knows no torch, so that a laptop that only attaches
to a server installs none.
"""
