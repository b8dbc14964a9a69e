"""Hand-made models in real file formats, with which real libraries produce chosen output."""
