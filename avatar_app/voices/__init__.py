"""Voice cloning from recordings, only with the speaker's consent."""
