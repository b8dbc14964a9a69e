"""Workflows: steps of agents, side by side where they can be, resumed where they were cut off."""
