"""A chart as a file: SVG and PNG to look at, CSV to go on with.

Pictures are drawn from the series anew, as finely as pixels are, and not from the terminal's dots.
PNG is written here, with `zlib` alone: a renderer of SVG would be the largest dependency of a
client that installs nothing heavy, for a picture of lines and a few words.
"""
