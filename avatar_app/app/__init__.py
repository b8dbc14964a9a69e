"""Former import paths of `avatar_app.api`, kept for one release."""
