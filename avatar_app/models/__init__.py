"""Models that come and go: what there is, what is here, how it comes, and under which license."""
