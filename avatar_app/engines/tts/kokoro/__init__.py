"""Natural voices on a processor: Kokoro, through kokoro-onnx."""
