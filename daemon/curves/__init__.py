"""The curves of runs, however long: an index on disk beside each run, and streams from it.

`pages` is the index's file, `index` keeps one in step with the run's events, `store` knows which
are open, `stream` is what clients follow.
"""
