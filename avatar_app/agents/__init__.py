"""What the avatar can do beyond talking: programs of others that it uses, and work it does."""
