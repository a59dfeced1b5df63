"""What the packages share: where things lie in a workspace and how they are written there.

This leaf imports none of the other packages, so that the daemon can hand work to the engine
without importing it: the run folder (`workspace.run`) is their whole contract.
"""
