"""Models with weights set by hand, in the true formats: real libraries say what a test chose."""
