"""Which exceptions are messages for the user, and with which exit code they end the command."""

from __future__ import annotations

import sys

from tui.cli.output import CommandError, Exit

DAEMON_CODES = {
    "unreachable": Exit.UNREACHABLE,
    "connection-lost": Exit.UNREACHABLE,
    "host-refused": Exit.UNREACHABLE,
    "bad-request": Exit.USAGE,
    "not-found": Exit.USAGE,
    "unknown-job": Exit.USAGE,
}
OWN_ERRORS = (
    ("tui.demo_speech", "SpeechError"),
    ("tui.playback", "PlaybackError"),
    ("tui.sound.device", "DeviceError"),
    ("tui.speech", "NoSoundError"),
)
Explanation = tuple[str, str, Exit]  # message, fix, exit code


def explain(error: BaseException) -> Explanation | None:
    """What to tell the user, or None for a defect, whose traceback must be seen.

    The packages' exceptions are looked up among the modules already loaded: one that is not
    loaded cannot have raised anything, and loading it would slow the command down.
    """
    if isinstance(error, CommandError):
        return str(error), error.fix, error.code
    if isinstance(error, KeyboardInterrupt):
        return "stopped", "", Exit.FAILED
    if _is(error, "workspace.layout", "WorkspaceError"):
        return str(error), "", Exit.USAGE
    if _is(error, "workspace.settings", "SettingsError"):
        return str(error), "", Exit.USAGE
    if _is(error, "workspace.dataset", "DatasetError"):
        return _with_fix(error, Exit.FAILED, "reason")
    if any(_is(error, module, name) for module, name in OWN_ERRORS):
        return _with_fix(error, Exit.FAILED)
    if _is(error, "daemon.errors", "DaemonError"):
        return _with_fix(error, DAEMON_CODES.get(str(getattr(error, "code", "")), Exit.FAILED))
    if isinstance(error, OSError) and not isinstance(error, BrokenPipeError):
        return _os_error(error)
    return None


def _is(error: BaseException, module: str, name: str) -> bool:
    loaded = sys.modules.get(module)
    kind = getattr(loaded, name, None)
    return isinstance(kind, type) and isinstance(error, kind)


def _with_fix(error: BaseException, code: Exit, message: str = "message") -> Explanation:
    return str(getattr(error, message, error)), str(getattr(error, "fix", "")), code


def _os_error(error: OSError) -> Explanation:
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or error}", "", Exit.FAILED
