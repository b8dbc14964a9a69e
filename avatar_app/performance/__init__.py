"""Performance: recommended engines for this machine, latency statistics and the starter set."""
