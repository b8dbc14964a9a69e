"""One theme per pair of files: what people say and what is answered (YAML), and how (Python)."""
