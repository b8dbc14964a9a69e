"""Sound and video files: reading, writing and resampling, without devices."""
