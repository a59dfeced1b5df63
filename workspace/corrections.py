"""Texts that were corrected by hand, beside a dataset's folder, which itself is never changed.

    datasets/alice/                   the user's own files
    datasets/alice.corrections.tsv    utterance, tab, what it says

An utterance is named as in the manifest: by its path in the folder, without the suffix.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path

from workspace.datasetfile import DatasetError
from workspace.files import write_atomic
from workspace.transcripts import TranscriptError, decode_text

SUFFIX = ".corrections.tsv"
LONGEST_TEXT = 2000  # characters


def corrections_file(folder: Path) -> Path:
    """Where the corrections of a dataset's folder lie."""
    return folder.with_name(folder.name + SUFFIX)


def corrected_dataset(file_name: str) -> str | None:
    """Name of the dataset whose corrections a file of this name holds."""
    name = file_name.removesuffix(SUFFIX)
    return name if name and name != file_name else None


def read_corrections(folder: Path) -> dict[str, str]:
    """Text by utterance; empty where nothing was corrected.

    Raises:
        DatasetError: the file cannot be read, or has a line that is no correction.
    """
    path = corrections_file(folder)
    try:
        lines = decode_text(path.read_bytes())[0].splitlines()
    except FileNotFoundError:
        return {}
    except (OSError, TranscriptError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise DatasetError(f"{path.name} cannot be read: {reason}", "mend or remove it") from None
    corrections = {}
    for number, line in enumerate(lines, start=1):
        utterance, _, text = (part.strip() for part in line.partition("\t"))
        if not line.strip():
            continue
        if not (utterance and text):
            raise DatasetError(
                f"line {number} of {path.name} is no correction",
                "write the utterance, a tab and what it says; or remove the line",
            )
        corrections[utterance] = text
    return corrections


def correct(folder: Path, utterance: str, text: str) -> dict[str, str]:
    """Write down what an utterance says; an empty text takes its correction back.

    Args:
        folder: the dataset's folder.
        utterance: its id.
        text: what is said; runs of white space count as one space.

    Returns:
        All corrections there are now.

    Raises:
        DatasetError: the file there cannot be read.
        ValueError: the text is too long, or the utterance's name cannot stand in a list.
        OSError: the file cannot be written.
    """
    text = " ".join(text.split())
    if len(text) > LONGEST_TEXT:
        raise ValueError(f"the text has {len(text)} characters, at most {LONGEST_TEXT}")
    if not utterance.isprintable() or utterance != utterance.strip():
        raise ValueError(f"{utterance!r} cannot be named in a list: rename the file")
    corrections = read_corrections(folder)
    if text:
        corrections[utterance] = text
    else:
        corrections.pop(utterance, None)
    path = corrections_file(folder)
    if corrections:
        write_atomic(
            path, "".join(f"{name}\t{corrections[name]}\n" for name in sorted(corrections))
        )
    else:
        path.unlink(missing_ok=True)
    return corrections


def corrected_version(version: str, corrections: Mapping[str, str]) -> str:
    """The version of a content with corrections: its own where there are none."""
    if not corrections:
        return version
    digest = blake2b(version.encode(), digest_size=16)
    for utterance in sorted(corrections):
        digest.update(f"{utterance}\0{corrections[utterance]}\0".encode())
    return digest.hexdigest()[: len(version)]
