"""From a folder of recordings to utterances that a model can train on."""
