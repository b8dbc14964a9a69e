"""Memory is leased: who is loaded, who must leave, who may come."""
