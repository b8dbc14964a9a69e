"""Language models in GGUF files, for the engines that run them through llama.cpp."""
