"""What voices share: phrases to say, chunks to yield, mouth shapes, and the manner of speaking."""
