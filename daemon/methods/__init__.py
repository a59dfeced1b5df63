"""What the daemon does for its clients: one function a method of `daemon.protocol`.

A module a subject, each with a class over the parts of the running daemon that it needs.
"""

from daemon.methods.auditions import AuditionMethods
from daemon.methods.calls import VERSION, Events, Method, Stream, Subject
from daemon.methods.datasets import DatasetMethods
from daemon.methods.jobs import JobMethods
from daemon.methods.machine import MachineMethods
from daemon.methods.recordings import RecordingMethods
from daemon.methods.results import ResultMethods
from daemon.methods.runs import RunMethods
from daemon.methods.sound import SoundMethods

__all__ = [
    "VERSION",
    "AuditionMethods",
    "DatasetMethods",
    "Events",
    "JobMethods",
    "MachineMethods",
    "Method",
    "RecordingMethods",
    "ResultMethods",
    "RunMethods",
    "SoundMethods",
    "Stream",
    "Subject",
]
