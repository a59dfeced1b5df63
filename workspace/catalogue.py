"""The published bases that can be fetched, each pinned to one revision and to its files' hashes.

Revisions are commits of the model hub's repositories. The weights' hash is the one that the model
card (v1.1-zh) and the hub's page of the file (v1.0) give; the configuration's is that of the file
at the revision. The voices are held by the revision alone: each is compared with what the hub says
of it, and its hash is written beside the base that is made.
"""

from __future__ import annotations

from dataclasses import dataclass

CONFIG_FILE = "config.json"
VOICES_PATTERN = "voices/*.pt"


@dataclass(frozen=True, kw_only=True)
class PublishedBase:
    """A base as its makers published it.

    Attributes:
        name: the folder it becomes in `models/`.
        repository: on the model hub.
        revision: a commit there.
        weights: name of the file with the weights.
        weights_sha256, config_sha256: of the files at this revision.
        download: bytes of all files that are fetched, about.
        voices: how many come with it.
        vocabulary: the phonemes that it reads.
        default_voice: what speaks where nobody names one.
        licence: SPDX.
        about: what it is, in a line.
    """

    name: str
    repository: str
    revision: str
    weights: str
    weights_sha256: str
    config_sha256: str
    download: int
    voices: int
    vocabulary: str
    default_voice: str
    licence: str
    about: str

    @property
    def download_folder(self) -> str:
        """Where its files arrive, in the workspace's `downloads`."""
        return f"{self.name}-{self.revision[:12]}"


CATALOGUE: dict[str, PublishedBase] = {
    base.name: base
    for base in (
        PublishedBase(
            name="kokoro-v1.1-zh",
            repository="hexgrad/Kokoro-82M-v1.1-zh",
            revision="01e7505bd6a7a2ac4975463114c3a7650a9f7218",
            weights="kokoro-v1_1-zh.pth",
            weights_sha256="b1d8410fa44dfb5c15471fd6c4225ea6b4e9ac7fa03c98e8bea47a9928476e2b",
            config_sha256="bc333efa5ce4ceff433c8c8e5d027a1eca0166001e4e4a62bea2d26ff7a46890",
            download=381_000_000,
            voices=103,
            vocabulary="v1.1-zh",
            default_voice="zf_001",
            licence="Apache-2.0",
            about="Kokoro-82M for Mandarin and English, 100 Mandarin voices",
        ),
        PublishedBase(
            name="kokoro-v1.0",
            repository="hexgrad/Kokoro-82M",
            revision="f3ff3571791e39611d31c381e3a41a3af07b4987",
            weights="kokoro-v1_0.pth",
            weights_sha256="496dba118d1a58f5f3db2efc88dbdc216e0483fc89fe6e47ee1f2c53f18ad1e4",
            config_sha256="5abb01e2403b072bf03d04fde160443e209d7a0dad49a423be15196b9b43c17f",
            download=356_000_000,
            voices=54,
            vocabulary="v1.0",
            default_voice="zf_xiaoxiao",
            licence="Apache-2.0",
            about="Kokoro-82M for eight languages, 8 Mandarin voices; for speaking only",
        ),
    )
}
