"""Memory management: leases for engines, eviction of idle ones, and estimates."""
