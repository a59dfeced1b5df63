"""What can be heard, and how it is asked for."""

from __future__ import annotations

from tui.dashboard.audition.sources import of_jobs, of_recordings, of_voices


def test_runs_with_a_checkpoint_speak_by_the_newest_and_the_best() -> None:
    made = {"checkpoint": "checkpoints/mamba_epoch_01.safetensors", "step": 200}
    jobs = [
        {"id": "j1-stage2", "number": 1, "kind": "stage2", "state": "succeeded", "progress": made,
         "spec": {"voice": "alice"}},
        {"id": "j2-clone", "number": 2, "kind": "clone", "state": "running", "progress": made,
         "spec": {"voice": "bob"}},
        {"id": "j3-stage2", "number": 3, "kind": "stage2", "state": "running", "progress": {}},
        {"id": "j4-synthesize", "number": 4, "kind": "synthesize", "state": "succeeded"},
    ]  # fmt: skip
    found = of_jobs(jobs)
    assert [source.name for source in found] == [
        "bob newest", "bob best", "alice newest", "alice best"
    ]  # fmt: skip
    method, asked = found[1].request("你好", 1.2)
    assert method == "speak"
    assert asked == {
        "checkpoint": {"job": "j2-clone", "name": "best"}, "text": "你好", "speed": 1.2,
        "loudness": -23.0, "keep": True,
    }  # fmt: skip
    assert found[1].whose == {"checkpoint": {"job": "j2-clone", "name": "best"}}


def test_a_recording_says_what_it_says() -> None:
    utterances = [
        {"id": "001", "text": "你好。", "audio": "datasets/alice/001.wav"},
        {"id": "002", "text": "没有。", "audio": None},
    ]
    (only,) = of_recordings({"version": "v1", "utterances": utterances})
    assert only.text == "你好。"
    assert only.request("别的", 1.5) == (
        "auditions.clip", {"path": "datasets/alice/001.wav", "loudness": -23.0}
    )  # fmt: skip
    assert only.whose == {"recording": {"prepared": "v1", "utterance": "001"}}


def test_a_voice_is_named_as_speak_takes_it() -> None:
    alice, base = of_voices([{"name": "alice", "version": "v2"}, {"name": "yue"}])
    assert alice.request("好", 1.0)[1]["voice"] == "alice"
    assert alice.whose == {"voice": "alice"}
    assert (alice.told, base.told) == ("v2", "base")
