"""Checks of microphone, loudspeaker and echo, on the devices of the running conversation."""
