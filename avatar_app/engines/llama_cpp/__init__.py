"""llama.cpp: GGUF models for any engine, through whichever library is installed."""
