"""What the machine is doing just now: processor, memory, disk, GPUs, the workers of jobs.

Reports are JSON as it goes to clients. A figure that cannot be known is null; why it is so stands
under its name in `unknown` beside it.
"""
