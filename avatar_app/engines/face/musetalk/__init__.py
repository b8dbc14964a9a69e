"""MuseTalk: lips painted in latent space by one step of a diffusion network."""
