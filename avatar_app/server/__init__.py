"""The avatar as a server: OpenAI-compatible HTTP and realtime WebSocket, for paired devices."""
