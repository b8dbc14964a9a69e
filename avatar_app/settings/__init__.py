"""Settings: schema, layers and the user's file; the only room that names a setting."""
