"""The speech lane: a warm worker beside the queue."""

from __future__ import annotations

import base64
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from daemon.errors import BadRequestError, SpeechFailedError, UnknownJobError
from tests.acceptance.running import REPOSITORY, RunningDaemon, until
from workspace.bases import MODEL_FILE
from workspace.layout import Workspace

SPEAKER = (sys.executable, str(REPOSITORY / "tests/acceptance/speaker.py"))


@pytest.fixture
def speaking(tmp_path: Path) -> Iterator[RunningDaemon]:
    daemon = RunningDaemon(tmp_path / "workspace", speech=SPEAKER)
    yield daemon
    daemon.end()


def speak(daemon: RunningDaemon, text: str) -> list[dict[str, Any]]:
    with daemon.client() as client:
        return list(client.stream("speak", text=text, voice="alice"))


def test_sound_comes_in_pieces_and_ends_with_a_summary(speaking: RunningDaemon) -> None:
    speaking.up()
    assert speaking.call("status")["speech"] == "cold"
    *pieces, last = speak(speaking, "你好吗")
    assert [len(base64.b64decode(piece["pcm"])) for piece in pieces] == [20, 20, 20]
    assert {piece["rate"] for piece in pieces} == {24000}
    assert last["done"]["phonemes"] == 3
    assert speaking.call("status")["speech"] == "warm"
    assert speaking.down() == 0


def test_it_is_warm_from_the_start_where_there_is_a_base(speaking: RunningDaemon) -> None:
    make_base(speaking.workspace)
    speaking.up()
    until(lambda: speaking.call("status")["speech"] == "warm", "warm", speaking.explain)


def test_refusals_and_deaths_are_told_and_the_next_request_works(speaking: RunningDaemon) -> None:
    speaking.up()
    with pytest.raises(SpeechFailedError, match="no voice 'alice'") as raised:
        speak(speaking, "refuse")
    assert raised.value.fix == "train it"
    with pytest.raises(SpeechFailedError, match="ended with code 9"):
        speak(speaking, "die")
    assert speak(speaking, "好")[-1]["done"]["phonemes"] == 1


def test_a_checkpoint_of_a_run_is_asked_for_by_its_job(speaking: RunningDaemon) -> None:
    speaking.up()
    job = speaking.submit()

    def asked(**params: Any) -> Any:
        with speaking.client() as client:
            return list(client.stream("speak", text="好", **params))[-1]["done"]["checkpoint"]

    assert asked() is None
    assert asked(checkpoint={"job": job.partition("-")[0].lstrip("j0")}) == {"job": job, "name": ""}
    assert asked(checkpoint={"job": job, "name": "best"}) == {"job": job, "name": "best"}
    with pytest.raises(UnknownJobError):
        asked(checkpoint={"job": "j09999"})
    with pytest.raises(BadRequestError, match="one can speak"):
        asked(checkpoint={"job": job}, voice="alice")
    with pytest.raises(BadRequestError, match="both texts"):
        asked(checkpoint={"job": 3})


def test_a_worker_that_cannot_load_says_why(speaking: RunningDaemon) -> None:
    (speaking.workspace.root / "broken").touch()
    speaking.up()
    with pytest.raises(SpeechFailedError, match="no base in models/") as raised:
        speak(speaking, "你好")
    assert raised.value.fix == "train one"
    (speaking.workspace.root / "broken").unlink()
    assert speak(speaking, "好")[-1]["done"]["phonemes"] == 1


def test_an_abandoned_request_leaves_the_connection_usable(speaking: RunningDaemon) -> None:
    speaking.up()
    with speaking.client() as client:
        stream = client.stream("speak", text="很长的一句话" * 50)
        next(iter(stream))
        stream.close()
        assert client.call("status")["speech"] == "warm"
        again = list(client.stream("speak", text="好"))
    assert again[-1]["done"]["phonemes"] == 1


@pytest.mark.parametrize("how", ["stops", "hangs up"])
def test_an_abandoned_request_is_taken_back(speaking: RunningDaemon, how: str) -> None:
    speaking.up()
    with speaking.client() as client:
        stream = client.stream("speak", text="endless")
        next(iter(stream))
        if how == "stops":
            stream.close()
    heard = speaking.workspace.state / "speech.log"
    until(lambda: "cancelled 1" in heard.read_text(), "cancelled", speaking.explain)
    assert speak(speaking, "好")[-1]["done"]["phonemes"] == 1
    assert heard.read_text().count("cancelled") == 1  # what is answered is not taken back


def test_the_worker_ends_when_idle_and_with_the_daemon(tmp_path: Path) -> None:
    daemon = RunningDaemon(tmp_path / "w", "speech_idle_minutes = 0.001\n", speech=SPEAKER).up()
    speak(daemon, "好")
    until(lambda: daemon.call("status")["speech"] == "cold", "idle", daemon.explain)
    speak(daemon, "好")
    daemon.end()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_the_worker_does_not_outlive_the_daemon(
    speaking: RunningDaemon, how: signal.Signals
) -> None:
    make_base(speaking.workspace)
    speaking.up()
    until(lambda: speaking.call("status")["speech"] == "warm", "warm", speaking.explain)
    pids = [
        int(line.rpartition(" ")[2])
        for line in speaking.explain().splitlines()
        if "speech worker started" in line
    ]
    assert speaking.process is not None
    speaking.process.send_signal(how)
    speaking.wait_death()
    until(lambda: not any(alive(pid) for pid in pids), f"{pids} end")


def make_base(workspace: Workspace) -> None:
    """A base as the daemon sees it: by its files, not by what is in them."""
    base = workspace.models / "corpus"
    base.mkdir(parents=True)
    (base / MODEL_FILE).touch()


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
