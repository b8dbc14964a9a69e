"""Engines that several clients share: fair queues, replicas, and how a client sees them."""
