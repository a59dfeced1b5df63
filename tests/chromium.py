"""A headless Chromium with a microphone that is no person's, driven over its DevTools protocol."""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

from tests.acceptance.running import until

NAMES = ("chromium-headless-shell", "chromium")  # of Debian
PATIENCE = 60.0  # seconds for an answer
FLAGS = (
    "--headless", "--no-first-run", "--disable-gpu", "--remote-debugging-port=0",
    "--use-fake-ui-for-media-stream", "--disable-background-networking",
    "--disable-component-update",
)  # fmt: skip


def why_no_chromium() -> str:
    """Why there can be no browser here; empty: there can."""
    if not any(shutil.which(name) for name in NAMES):
        return f"needs Debian's {NAMES[0]}"
    return ""


class Chromium:
    """A browser with one tab.

    Attributes:
        told: messages of the page's console, and its errors.
    """

    def __init__(
        self, folder: Path, microphone: Path | Mapping[str, str], ports: Mapping[int, int]
    ) -> None:
        """
        Args:
            folder: for its profile; it need not be there.
            microphone: a WAV file that its microphone hears again and again, its loudspeaker being
                mute; or the environment in which it finds devices, see `Pulse.for_browsers`.
            ports: of localhost, each with the one that is dialled instead: two ends of a tunnel
                cannot have the same on one machine.
        """
        self.told: list[str] = []
        self._folder = folder
        self._sound, self._environ = _sound(microphone)
        self._ports = ports
        self._process: subprocess.Popen[bytes] | None = None
        self._devtools: ClientConnection | None = None
        self._open = ExitStack()
        self._number = 0
        self._tab = ""

    def up(self) -> Chromium:
        command = next(name for name in NAMES if shutil.which(name))
        rules = [f"MAP localhost:{named} 127.0.0.1:{real}" for named, real in self._ports.items()]
        flags = [
            *FLAGS,
            f"--user-data-dir={self._folder}",
            *self._sound,
            f"--host-resolver-rules={','.join(rules)}",
            *(["--no-sandbox"] if os.getuid() == 0 else []),
        ]
        self._process = subprocess.Popen(
            [command, *flags, "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env={**os.environ, **self._environ},
        )
        place = self._folder / "DevToolsActivePort"
        until(lambda: place.exists() and place.read_text().count("\n"), "the browser answers")
        port, path = place.read_text().splitlines()
        connecting = connect(f"ws://127.0.0.1:{port}{path}", max_size=None, compression=None)
        self._devtools = self._open.enter_context(connecting)
        self._follow(self._ask("Target.createTarget", url="about:blank")["targetId"])
        return self

    def down(self) -> None:
        self._open.close()
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGTERM)  # it is a script that starts others
            self._process.wait()

    def open(self, url: str) -> None:
        """Go to a page."""
        self.ask("Page.navigate", url=url)

    def reload(self) -> None:
        """Load the page anew, also if it would rather not be left."""
        self.run("globalThis.before = true")
        self.ask("Page.reload")
        self.wait("!globalThis.before")

    def run(self, script: str) -> Any:
        """What an expression of the page is, once it is known; as if a person had clicked.

        Raises:
            AssertionError: it threw something.
        """
        answer = self.ask(
            "Runtime.evaluate",
            expression=script, awaitPromise=True, returnByValue=True, userGesture=True,
        )  # fmt: skip
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait(self, script: str, explain: Callable[[], str] | None = None) -> None:
        """Return as soon as an expression of the page is true."""

        def is_true() -> bool:
            try:
                return bool(self.run(script))
            except (AssertionError, DevToolsError):
                return False  # the page is still being loaded

        until(is_true, script, explain or (lambda: "\n".join(self.told[-20:])), PATIENCE)

    def picture(self, path: Path, width: int, height: int, scheme: str) -> None:
        """Paint the page as large as told, with light or dark colours."""
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=False,
        )  # fmt: skip
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.ask("Emulation.setEmulatedMedia", features=features)
        path.write_bytes(base64.b64decode(self.ask("Page.captureScreenshot")["data"]))

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """Ask the tab something of the DevTools protocol."""
        return self._ask(method, self._tab, **params)

    def _follow(self, target: str) -> None:
        attached = self._ask("Target.attachToTarget", targetId=target, flatten=True)
        self._tab = attached["sessionId"]
        for domain in ("Page", "Runtime"):
            self.ask(f"{domain}.enable")

    def _ask(self, method: str, tab: str = "", **params: Any) -> dict[str, Any]:
        assert self._devtools is not None
        number = self._say(method, tab, params)
        while True:
            answer = json.loads(self._devtools.recv(timeout=PATIENCE))
            if answer.get("id") == number:
                if "error" in answer:
                    raise DevToolsError(f"{method}: {answer['error']}")
                found: dict[str, Any] = answer["result"]
                return found
            if "method" in answer:
                self._hear(answer)

    def _say(self, method: str, tab: str, params: dict[str, Any]) -> int:
        assert self._devtools is not None
        self._number += 1
        asked = {"id": self._number, "method": method, "params": params}
        self._devtools.send(json.dumps({**asked, **({"sessionId": tab} if tab else {})}))
        return self._number

    def _hear(self, event: dict[str, Any]) -> None:
        params = event.get("params", {})
        if event["method"] == "Runtime.consoleAPICalled":
            words = (str(each.get("value", each.get("description"))) for each in params["args"])
            self.told.append(" ".join(words))
        elif event["method"] == "Runtime.exceptionThrown":
            self.told.append(json.dumps(params["exceptionDetails"])[:2000])
        elif event["method"] == "Page.javascriptDialogOpening":
            # leaving a page that still has something to send asks; this one is left anyway
            self._say("Page.handleJavaScriptDialog", event["sessionId"], {"accept": True})


def _sound(microphone: Path | Mapping[str, str]) -> tuple[list[str], Mapping[str, str]]:
    """Flags and environment by which a browser has this microphone."""
    if not isinstance(microphone, Path):
        return [], microphone
    fake = ["--mute-audio", "--use-fake-device-for-media-stream"]
    return [*fake, f"--use-file-for-fake-audio-capture={microphone}"], {}


class DevToolsError(Exception):
    """The browser does not do what it was asked."""
