"""WS /v1/realtime: a conversation by events, with the names of OpenAI's Realtime API."""
