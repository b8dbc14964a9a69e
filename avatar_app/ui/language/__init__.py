"""The window's languages: catalogs, live switching, and numbers and dates by locale."""
