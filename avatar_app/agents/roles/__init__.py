"""Agents with a trade: plan, backend, frontend, test and review."""
