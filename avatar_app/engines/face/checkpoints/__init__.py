"""What people bring trained networks in: read without running anything that is in the file."""
