"""What can go wrong between a user and the daemon: one line on what is wrong, one on what to do."""

from __future__ import annotations

from typing import ClassVar


class DaemonError(Exception):
    """Base of the package's errors.

    Attributes:
        code: stable name of the error in the protocol.
        message: what is wrong, and where.
        fix: what to do about it; may be empty.
    """

    code: ClassVar[str] = "failed"

    def __init__(self, message: str, fix: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix


class UnknownJobError(DaemonError):
    """No job has this id."""

    code = "unknown-job"


class WrongStateError(DaemonError):
    """The job's state does not allow what was asked."""

    code = "wrong-state"


class OwnershipLostError(DaemonError):
    """Somebody else changed the job since it was read: nothing was written."""

    code = "ownership-lost"


class BadRequestError(DaemonError):
    """The request cannot be understood, or its parameters cannot be used."""

    code = "bad-request"


class NotFoundError(DaemonError):
    """No dataset, voice or run has this name."""

    code = "not-found"


class ProtocolMismatchError(DaemonError):
    """Client and daemon speak different versions of the protocol."""

    code = "protocol-mismatch"


class PeerRefusedError(DaemonError):
    """The process at the other end of the socket belongs to another user."""

    code = "peer-refused"


class DaemonUnreachableError(DaemonError):
    """No daemon answers on the workspace's socket."""

    code = "unreachable"


class HostRefusedError(DaemonError):
    """The server can be reached, but trying again is of no use before somebody has acted."""

    code = "host-refused"


class ConnectionLostError(DaemonError):
    """The connection to the daemon ended in the middle of a request."""

    code = "connection-lost"


class WorkspaceBusyError(DaemonError):
    """Another daemon holds this workspace."""

    code = "workspace-busy"


class DatabaseMismatchError(DaemonError):
    """`jobs.db` was written by a newer version, or is damaged."""

    code = "database-mismatch"


class LaunchFailedError(DaemonError):
    """A worker process could not be started: the machine's fault, not the job's."""

    code = "launch-failed"


class SpeechFailedError(DaemonError):
    """The speech worker could not speak a request."""

    code = "speech-failed"


class GapError(DaemonError):
    """A piece of a take does not go on where the last one ended, or its end is missing."""

    code = "gap"


class RecordingFailedError(DaemonError):
    """A take could not be measured or written; what was captured stays where it is."""

    code = "recording-failed"


class LikenessFailedError(DaemonError):
    """How alike a sound is to its speaker could not be told."""

    code = "likeness-failed"
