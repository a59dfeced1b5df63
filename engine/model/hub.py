"""Files of a model hub: listed, fetched with resumption, checked.

`huggingface_hub` knows the hub: its addresses, mirrors, proxies, tokens, offline mode and the cache
that other programs share. The bytes are streamed here, because that library gives an interrupted
file up when its process ends, and a job that is stopped must go on where it was.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
from huggingface_hub import HfApi, hf_hub_url, try_to_load_from_cache
from huggingface_hub import is_offline_mode as is_offline_mode
from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled
from huggingface_hub.utils import build_hf_headers, get_session, hf_raise_for_status

from engine.errors import EngineError, MachineError
from workspace.files import fsync, sha256

PARTIAL = ".partial"  # behind the name of a file that is still arriving
TIMEOUT = httpx2.Timeout(20.0, connect=10.0)  # seconds without a byte
BUSY = (408, 429)  # statuses that pass, like all from 500

Progress = Callable[[int], None]

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class HubFile:
    """A file at one revision of a repository.

    Attributes:
        size: bytes.
        sha256: as the hub has it; None for small text files, which it knows by another hash.
    """

    path: str
    size: int
    sha256: str | None


class Hub:
    """One revision of a repository on a hub.

    Args:
        endpoint: the hub's address; None takes the library's, which `HF_ENDPOINT` sets.
        elsewhere: what to do where the hub cannot be used, for errors.
    """

    def __init__(
        self, repository: str, revision: str, endpoint: str | None, elsewhere: str
    ) -> None:
        self.repository, self.revision, self.endpoint = repository, revision, endpoint
        self.elsewhere = elsewhere
        self.host = urlsplit(self._url("")).netloc

    def files(self) -> list[HubFile]:
        """All files of the revision.

        Raises:
            MachineError: the hub cannot be reached or is out of order.
            EngineError: it has no such revision, or the offline mode is on.
        """
        api = HfApi(endpoint=self.endpoint)
        try:
            info = api.model_info(
                self.repository, revision=self.revision, files_metadata=True, timeout=10.0
            )
        except (httpx2.HTTPError, OfflineModeIsEnabled) as error:
            raise self._explained(error) from error
        except ValueError as error:  # a page instead of JSON
            raise self._no_hub("answers, but not as a model hub does") from error
        if info.sha != self.revision:
            raise self._no_hub(f"gives revision {info.sha} for {self.revision}")
        found = info.siblings or ()
        if any(file.size is None for file in found):
            raise self._no_hub("does not say how large its files are")
        return [
            HubFile(
                path=file.rfilename,
                size=file.size or 0,
                sha256=file.lfs.sha256 if file.lfs else None,
            )
            for file in found
        ]

    def fetch(self, file: HubFile, destination: Path, progress: Progress) -> None:
        """Bring a file to `destination`, from where an earlier attempt stopped.

        Args:
            progress: called with the bytes that have come since; what it raises stops the fetch,
                and what has come stays.

        Raises:
            MachineError: the line is broken, or what came is damaged; trying again may succeed.
            EngineError: the hub refuses.
        """
        if destination.exists():
            progress(file.size)
            return
        destination.parent.mkdir(parents=True, exist_ok=True)
        partial = destination.with_name(destination.name + PARTIAL)
        cached = try_to_load_from_cache(self.repository, file.path, revision=self.revision)
        if isinstance(cached, str):
            shutil.copyfile(cached, partial)
            progress(file.size)
        else:
            self._stream(file, partial, progress)
        _check(file, partial)
        fsync(partial)
        partial.replace(destination)

    def _stream(self, file: HubFile, partial: Path, progress: Progress) -> None:
        progress(_size(partial))
        while (before := _size(partial)) < file.size:
            try:
                self._continue(file, partial, progress)
            except (httpx2.HTTPError, OfflineModeIsEnabled) as error:
                if isinstance(error, HfHubHTTPError) or _size(partial) <= before:
                    raise self._explained(error) from error
                log.warning("%s: broken off at %d bytes: %s", file.path, _size(partial), error)
            else:
                if _size(partial) < file.size:  # an end without an error, as some proxies make it
                    short = f"after {_size(partial)} of {file.size} bytes"
                    raise MachineError(f"{self.host} ended {file.path} {short}", self.elsewhere)

    def _continue(self, file: HubFile, partial: Path, progress: Progress) -> None:
        begun = _size(partial)
        headers = {**build_hf_headers(), "Accept-Encoding": "identity"}
        if begun:
            headers["Range"] = f"bytes={begun}-"
        with get_session().stream(
            "GET", self._url(file.path), headers=headers, timeout=TIMEOUT
        ) as response:
            if response.status_code >= 400:
                response.read()
            hf_raise_for_status(response)
            if begun and response.status_code != 206:  # it knows no ranges: all over again
                progress(-begun)
                begun = 0
            with partial.open("ab" if begun else "wb") as target:
                for chunk in response.iter_bytes():  # as it comes: nothing waits in a buffer
                    target.write(chunk)
                    progress(len(chunk))

    def _url(self, path: str) -> str:
        return hf_hub_url(
            self.repository, path or "config.json", revision=self.revision, endpoint=self.endpoint
        )

    def _no_hub(self, what: str) -> EngineError:
        return EngineError(
            f"{self.host} {what} ({self.repository})", f"use another mirror; {self.elsewhere}"
        )

    def _explained(self, error: Exception) -> EngineError:
        """What to tell the user, and whether trying again may help."""
        if isinstance(error, OfflineModeIsEnabled):
            return EngineError(
                "the hub's offline mode is on (HF_HUB_OFFLINE)", f"unset it; {self.elsewhere}"
            )
        if isinstance(error, HfHubHTTPError):
            status = error.response.status_code
            problem = f"{self.host} answers {status} for {self.repository}"
            kind = MachineError if status in BUSY or status >= 500 else EngineError
            return kind(problem, self.elsewhere)
        reason = " ".join(str(error).split()) or type(error).__name__
        return MachineError(f"{self.host} cannot be reached ({reason})", self.elsewhere)


def cached_folder(repository: str, revision: str, file: str) -> Path | None:
    """The folder of a revision in the cache that programs share, if it has this file."""
    cached = try_to_load_from_cache(repository, file, revision=revision)
    return Path(cached).parent if isinstance(cached, str) else None


def _check(file: HubFile, partial: Path) -> None:
    size = _size(partial)
    if size == file.size and file.sha256 in (None, sha256(partial)):
        return
    partial.unlink()  # going on from it would never help
    raise MachineError(f"{file.path} arrived damaged ({size} bytes)", "the job fetches it anew")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
