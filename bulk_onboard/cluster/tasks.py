"""The table `task`: which accounts were handed over, and what Procrastinate does not remember of them."""
