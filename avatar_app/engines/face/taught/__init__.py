"""What students of one avatar have in common."""
