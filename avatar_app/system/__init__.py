"""This machine: where files go, atomic writes, packages, hardware and logs."""
