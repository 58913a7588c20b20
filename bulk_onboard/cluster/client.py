"""Hand accounts over to workers, follow them to their end, and stop them."""
