"""Microphones and loudspeakers that are not on this machine, but came to it."""
