"""Replicas of engines as actors of Ray, on this machine or on others (https://docs.ray.io)."""
