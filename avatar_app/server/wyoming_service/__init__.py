"""Wyoming, the protocol of Home Assistant's voice services: recognition, speech and answers."""
