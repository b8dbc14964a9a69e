"""Joining and keeping: builds a conversation from engines, devices and settings, and stores what must last."""
