"""A photo whose whole head is painted by a student of LivePortrait."""
