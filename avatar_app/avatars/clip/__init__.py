"""Reads, judges and loops clips of a person."""
