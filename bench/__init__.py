"""Figures: what this costs beside something that does less, measured in the same call (`make bench`)."""
