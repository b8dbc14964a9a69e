"""A conversation put together: live with devices, or offline for files."""
