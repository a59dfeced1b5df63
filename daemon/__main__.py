"""`python -m daemon WORKSPACE [--foreground]`: the daemon of a workspace, until told to go."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path

from daemon.app import TABLE, App
from daemon.config import DaemonSettings
from daemon.errors import DaemonError
from workspace.layout import Workspace, WorkspaceError
from workspace.settings import SettingsError, load_table

OLD_LOGS = 3  # kept beside the daemon's log
LINE = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0 after a graceful end, 1 if the daemon cannot run, 2 for wrong usage."""
    parser = argparse.ArgumentParser(
        prog="python -m daemon", description="The daemon of a workspace."
    )
    parser.add_argument("workspace", type=Path, help="the folder that holds config.toml")
    parser.add_argument(
        "--foreground", action="store_true", help="also write the log to standard error"
    )
    options = parser.parse_args(arguments)
    try:
        workspace = Workspace.find(options.workspace)
        _log_to(workspace, options.foreground)
        asyncio.run(App(workspace).run())
    except (WorkspaceError, SettingsError) as error:
        return _fail(str(error), 2)
    except DaemonError as error:
        return _fail(f"{error.message}: {error.fix}" if error.fix else error.message, 1)
    return 0


def _log_to(workspace: Workspace, foreground: bool) -> None:
    settings = load_table(workspace.config, TABLE, DaemonSettings)
    workspace.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    size = int(settings.log_megabytes * 1e6)
    file = RotatingFileHandler(
        workspace.daemon_log, maxBytes=size, backupCount=OLD_LOGS, encoding="utf-8"
    )
    handlers: list[logging.Handler] = [file]
    if foreground:
        handlers.append(logging.StreamHandler(sys.stderr))
    logging.basicConfig(level=logging.INFO, format=LINE, handlers=handlers)


def _fail(message: str, code: int) -> int:
    logging.getLogger(__name__).error("%s", message)
    sys.stderr.write(f"yinfang: {message}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
