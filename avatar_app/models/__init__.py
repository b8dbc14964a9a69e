"""Model files: catalog, download, verification, import, discovery and licenses."""
