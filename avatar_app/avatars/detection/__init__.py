"""Face detection and face meshes."""
