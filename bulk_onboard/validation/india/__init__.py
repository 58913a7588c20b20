"""What one can know of Indian businesses without asking anybody: check digits, shapes, states and PIN codes."""
