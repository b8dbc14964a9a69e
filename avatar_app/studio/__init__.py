"""The studio: clips by recipe, portraits from prompts, moving portraits, and a queue of them."""
