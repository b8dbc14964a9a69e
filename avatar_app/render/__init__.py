"""Films made from a sound file: a photo and a voice in, an mp4 out, no conversation needed."""
