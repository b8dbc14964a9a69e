"""The dialogue that needs no model: rules, a little wit, and honesty about both."""
