"""Former home of talking_head, kept for one release."""
