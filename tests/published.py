"""Kokoro's published files at a tiny size, and a model hub that serves them over real HTTP."""

from __future__ import annotations

import hashlib
import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import torch

from benchmarks.parity_kokoro import write_published
from engine.model.config import ModelConfig
from engine.model.graph import Kokoro
from engine.model.published import VOICE_ROWS
from engine.text import VOCABULARIES
from tests.models import TINY_KOKORO, VOCABULARY
from workspace.catalogue import CONFIG_FILE, PublishedBase

WEIGHTS = "tiny.pth"
REPOSITORY = "tests/tiny-kokoro"
REVISION = "0123456789abcdef0123456789abcdef01234567"
VOICES = ("anna", "ben")
HOLD_AT_MOST = 300.0  # seconds


def write_repository(
    folder: Path, config: ModelConfig = TINY_KOKORO, seed: int = 0
) -> PublishedBase:
    """Write `config.json`, weights and voices as Kokoro's repositories have them; their pins."""
    torch.manual_seed(seed)
    (folder / "voices").mkdir(parents=True)
    sizes = config.model_dump(include=set(ModelConfig.model_fields) - {"plbert"})
    plbert = config.plbert.model_dump(exclude={"pooler"})
    vocabulary = dict(VOCABULARIES[VOCABULARY].ids)
    published = {**sizes, "plbert": plbert, "vocab": vocabulary, "multispeaker": True}
    (folder / CONFIG_FILE).write_text(json.dumps(published), encoding="utf-8")
    write_published(folder / WEIGHTS, Kokoro(config), with_affine=False)
    for name in VOICES:
        style = 0.1 * torch.randn(VOICE_ROWS, 1, 2 * config.style_dim)
        torch.save(style, folder / "voices" / f"{name}.pt")
    files = [path for path in folder.rglob("*") if path.is_file()]
    return PublishedBase(
        name="tiny", repository=REPOSITORY, revision=REVISION, weights=WEIGHTS,
        weights_sha256=digest(folder / WEIGHTS), config_sha256=digest(folder / CONFIG_FILE),
        download=sum(path.stat().st_size for path in files), voices=len(VOICES),
        vocabulary=VOCABULARY, default_voice=VOICES[-1], licence="Apache-2.0", about="for tests",
    )  # fmt: skip


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@dataclass
class HubBehaviour:
    """What a test asks of the server, and what it saw.

    Attributes:
        break_at: the connection is cut after so many bytes of the next file that is longer.
        hold_at: the next file that is longer stops after so many bytes until `release` is set.
        knows_ranges: whether it goes on where the client wants.
        spoils: it changes a byte of every file.
        status: answered to every request for a file instead of the file.
        page: answered to questions about the repository instead of JSON.
        revision: what it says the revision is.
        requests: path and Range header of every request for a file.
        served: bytes of files that were sent.
    """

    break_at: int | None = None
    hold_at: int | None = None
    knows_ranges: bool = True
    spoils: bool = False
    status: int = 200
    page: str = ""
    revision: str = REVISION
    requests: list[tuple[str, str | None]] = field(default_factory=list)
    served: int = 0
    release: threading.Event = field(default_factory=threading.Event)


@contextmanager
def hub(folder: Path, behaviour: HubBehaviour) -> Iterator[str]:
    """Serve a folder as the one repository of a hub; the hub's address."""

    class Handler(_Hub):
        root, how = folder, behaviour

    server = _Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, name="hub", daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that leaves in the middle is what tests are about; anything else is told."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Hub(BaseHTTPRequestHandler):
    """The hub's two endpoints that fetching uses, with a redirect to where the bytes lie."""

    protocol_version = "HTTP/1.1"
    root: Path
    how: HubBehaviour

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        if path == f"/api/models/{REPOSITORY}/revision/{REVISION}":
            self._repository()
        elif path.startswith(f"/{REPOSITORY}/resolve/{REVISION}/"):
            self._answer(302, b"", {"Location": "/bytes/" + path.split(f"/{REVISION}/")[1]})
        elif path.startswith("/bytes/"):
            self._file(path.removeprefix("/bytes/"))
        else:
            self._answer(404, b"no such thing", {"X-Error-Code": "RepoNotFound"})

    def log_message(self, format: str, *arguments: Any) -> None:
        pass

    def _repository(self) -> None:
        if self.how.page:
            self._answer(200, self.how.page.encode(), {"Content-Type": "text/html"})
            return
        siblings = []
        for path in sorted(path for path in self.root.rglob("*") if path.is_file()):
            name, size = path.relative_to(self.root).as_posix(), path.stat().st_size
            lfs = {"sha256": digest(path), "size": size, "pointerSize": 134}
            siblings.append(
                {"rfilename": name, "size": size, "blobId": "0" * 40}
                | ({} if name == CONFIG_FILE else {"lfs": lfs})
            )
        info = {"id": REPOSITORY, "sha": self.how.revision, "siblings": siblings}
        self._answer(200, json.dumps(info).encode(), {"Content-Type": "application/json"})

    def _file(self, name: str) -> None:
        wanted = self.headers.get("Range")
        self.how.requests.append((name, wanted))
        if self.how.status != 200:
            self._answer(self.how.status, b"not now", {})
            return
        content = (self.root / name).read_bytes()
        if self.how.spoils:
            content = content[:-1] + bytes([content[-1] ^ 1])
        begin = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        begin = begin if self.how.knows_ranges else 0
        self.send_response(206 if begin else 200)
        if begin:
            last = len(content) - 1
            self.send_header("Content-Range", f"bytes {begin}-{last}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - begin))
        self.end_headers()
        cut = self.how.break_at
        if cut is not None and len(content) - begin > cut:
            self.how.break_at = None
            self.close_connection = True
            content = content[: begin + cut]
        hold = self.how.hold_at
        if hold is not None and len(content) - begin > hold:
            self.how.hold_at = None
            self.wfile.write(content[begin : begin + hold])
            self.how.release.wait(HOLD_AT_MOST)
            begin += hold
            self.how.served += hold
        self.wfile.write(content[begin:])
        self.how.served += len(content) - begin

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
