"""Assembles conversations: live with devices, or offline for files."""
