"""Finds faces and the points of their mesh, for avatars and for engines that need them."""
