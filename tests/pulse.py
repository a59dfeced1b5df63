"""A PulseAudio of a test's own, whose microphone hears what is played to it, and nothing else."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import wave
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.acceptance.running import until

MICROPHONE, LOUDSPEAKER = "mic", "ear"
BROWSERS = "headset"  # the same microphone: browsers take no sink's monitor for one
RATE = 48_000  # Hz of both
NEEDED = ("pulseaudio", "paplay", "parec", "pactl")
PLUGIN = "libasound_module_pcm_pulse.so"
LEAD = 0.3  # seconds of silence before what is played: a stream's first moments may be swallowed


def why_no_pulse() -> str:
    """Why there can be no PulseAudio here; empty: there can."""
    missing = [name for name in NEEDED if shutil.which(name) is None]
    plugin = any(Path("/usr/lib").glob(f"*/alsa-lib/{PLUGIN}"))
    try:
        import sounddevice  # noqa: F401
    except OSError:
        missing.append("libportaudio2")
    if missing or not plugin:
        return "needs Debian's pulseaudio, libportaudio2 and libasound2-plugins"
    return ""


class Pulse:
    """Two null sinks: what is played into one is heard by the microphone, the other is the ear.

    Attributes:
        environ: what a process must have in its environment for these to be its devices.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        self._settings = folder / "daemon.conf"
        self._processes: list[subprocess.Popen[bytes]] = []
        self.environ: Mapping[str, str] = {
            "PULSE_SERVER": f"unix:{folder / 'socket'}",
            "PULSE_SOURCE": f"{MICROPHONE}.monitor",
            "PULSE_SINK": LOUDSPEAKER,
        }

    def up(self) -> Pulse:
        sinks = [
            # without rewinding: otherwise a monitor is given the past again where streams begin
            f"module-null-sink sink_name={name} rate={RATE} format={samples} channels=1 norewinds=1"
            for name, samples in ((MICROPHONE, "s24le"), (LOUDSPEAKER, "s16le"))
        ]
        # browsers go by the server's own rate
        self._settings.write_text(f"default-sample-rate = {RATE}\n", encoding="utf-8")
        protocol = f"module-native-protocol-unix socket={self._folder / 'socket'} auth-anonymous=1"
        loads = [word for module in (protocol, *sinks) for word in ("-L", module)]
        log = (self._folder / "log").open("wb")
        with log:
            self._start(
                "pulseaudio", "-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1",
                "--disable-shm=yes", "--high-priority=no", "--realtime=no", *loads, stderr=log,
            )  # fmt: skip
        until(self._answers, "PulseAudio answers", (self._folder / "log").read_text)
        for name in (MICROPHONE, LOUDSPEAKER):
            # a null sink that nobody listens to works two seconds ahead, and begins late
            self._start("parec", *_format("s16le"), "--latency-msec=20", f"--device={name}.monitor")
        return self

    def for_browsers(self) -> Mapping[str, str]:
        """Make its devices such as a browser takes; the environment that the browser needs."""
        made = ("module-remap-source", f"master={MICROPHONE}.monitor", f"source_name={BROWSERS}")
        self._control("load-module", *made, f"rate={RATE}", "channels=1")
        self._control("set-default-source", BROWSERS)
        self._control("set-default-sink", LOUDSPEAKER)
        return {**self.environ, "PULSE_SOURCE": BROWSERS}

    def down(self) -> None:
        for process in reversed(self._processes):
            process.send_signal(signal.SIGTERM)
            process.wait()
        self._processes.clear()

    def say(self, pcm: bytes) -> subprocess.Popen[bytes]:
        """Play s24le into the microphone, behind a little silence; it ends with the sound."""
        file = self._folder / f"said{len(list(self._folder.iterdir()))}.wav"
        with wave.open(str(file), "wb") as sound:
            sound.setnchannels(1)
            sound.setsampwidth(3)
            sound.setframerate(RATE)
            sound.writeframes(bytes(round(LEAD * RATE) * 3) + pcm)
        return subprocess.Popen(
            ["paplay", f"--device={MICROPHONE}", file], env={**os.environ, **self.environ}
        )

    @contextmanager
    def saying(self, pcm: bytes) -> Iterator[None]:
        """Play s24le into the microphone all through the block, which begins when it is heard."""
        path = self._folder / "heard.raw"
        listening = self.listen(path, MICROPHONE)
        playing = self.say(pcm)
        try:
            until(lambda: any(path.read_bytes()), "the microphone hears it")
            listening.terminate()
            yield
        finally:
            playing.terminate()
            playing.wait()

    def listen(self, path: Path, name: str = LOUDSPEAKER) -> subprocess.Popen[bytes]:
        """Record what a sink plays, as s16le, until the process is terminated."""
        with path.open("wb") as file:
            listening = self._start(
                "parec", *_format("s16le"), "--latency-msec=20", f"--device={name}.monitor",
                stdout=file,
            )  # fmt: skip
        until(lambda: path.stat().st_size, "the ear is open")
        return listening

    def _answers(self) -> bool:
        return LOUDSPEAKER in self._control("list", "short", "sinks", check=False)

    def _control(self, *words: str, check: bool = True) -> str:
        environ = {**os.environ, **self.environ}
        return subprocess.run(
            ["pactl", *words], env=environ, capture_output=True, text=True, check=check
        ).stdout

    def _start(
        self, *command: str, stdout: object = subprocess.DEVNULL, stderr: object = None
    ) -> subprocess.Popen[bytes]:
        home = {name: str(self._folder) for name in ("HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME")}
        home["PULSE_CONFIG"] = str(self._settings)
        process: subprocess.Popen[bytes] = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr,  # type: ignore[call-overload]
            env={**os.environ, **home, **self.environ},
        )  # fmt: skip
        self._processes.append(process)
        return process


def _format(samples: str) -> list[str]:
    return ["--raw", f"--format={samples}", f"--rate={RATE}", "--channels=1"]
