"""A page on this machine's loopback that makes a browser's tab a microphone and a loudspeaker.

    ssh -L 8765:localhost:8765 me@gpu, then http://localhost:8765/#<token>

`static` is what the browser gets. `rules` says which requests are answered, `visitors` whose they
are, `admission` who may go on to speak, and `daemon.sound.tab` what is then said.
"""
