"""Creates engines from their manifests and keeps them running."""
