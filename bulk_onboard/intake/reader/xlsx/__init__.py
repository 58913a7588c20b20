"""What calamine does not tell of an .xlsx: its parts and styles, its cells, and how far they reach."""
