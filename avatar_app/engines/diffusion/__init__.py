"""What engines share that run diffusers' pipelines: devices, memory, steps and pictures."""
