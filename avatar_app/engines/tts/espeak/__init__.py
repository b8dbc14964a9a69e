"""The built-in voice: espeak-ng, which speaks on any machine and in a hundred languages."""
