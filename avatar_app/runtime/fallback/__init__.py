"""Fallbacks for engines that fail, and switching engines while a conversation goes on."""
