"""Curves without a screen: what a line chart shows, worked out from values alone.

`sample` reduces a series to the columns of dots of a viewport, `smoothing` averages them, `scale`
and `ticks` make the axes, `raster` sets the dots, `export` writes a chart to a file. `rows` is the
small curve of the command line. Everything here is a function of its arguments.
"""
