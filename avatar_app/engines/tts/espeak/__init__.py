"""The built-in voice: espeak-ng, on any machine and in a hundred languages."""
