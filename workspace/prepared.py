"""What a prepared dataset holds for others than the engine, which writes it.

    prepared/<dataset>/<version>/
        manifest.jsonl    an object a line: `id`, `speaker`, `text`, `normalized`, `symbols`,
                          `syllables` [{`hanzi`, `pinyin`, ...}], `seconds`, `pitch` [low, median,
                          high in Hz] or null, `snr`, `level`, `score`, `source`, `notes`,
                          `corrected`; see `engine.corpus.manifest.Utterance`
        report.json       `kept`, `reused`, `corrected`, `seconds`, `speakers`, `histograms` {name:
                          {`edges`, `counts`}}, `refused` [{`id`, `file`, `reason`, `fix`, `text`,
                          `corrected`}]; see `engine.corpus.report.Report`

A clone's recordings are prepared in its run, `runs/<job id>/reference/`, without a report.

`source` and `file` are paths in the dataset's folder. What an older version of the program wrote
may lack `pitch`, `corrected` and a refusal's `text`.
"""

from __future__ import annotations

MANIFEST = "manifest.jsonl"
REPORT = "report.json"
REFERENCE_FOLDER = "reference"
