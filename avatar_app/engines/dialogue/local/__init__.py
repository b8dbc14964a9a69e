"""Language models that answer on this computer, whatever library runs them."""
