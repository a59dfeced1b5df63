"""How a program talks to the daemon.

`connect` is for programs that do one thing after another, `daemon.client.asynchronous.connect` for
those that do several at once. Neither needs more than the standard library, so that a command
starts fast and a laptop that only attaches installs little.
"""

from daemon.client.background import start_in_background, terminate
from daemon.client.blocking import EventStream, SyncClient, connect
from daemon.client.dial import dial_stdio
from daemon.errors import DaemonError as ClientError
from daemon.errors import DaemonUnreachableError

__all__ = [
    "ClientError",
    "DaemonUnreachableError",
    "EventStream",
    "SyncClient",
    "connect",
    "dial_stdio",
    "start_in_background",
    "terminate",
]
