"""Who may ask the server for what: names, origins, paired devices, limits."""
