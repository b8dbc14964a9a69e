"""Conversations and speech for clients of a server, with engines that they share."""
