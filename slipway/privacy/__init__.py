"""Privacy: mechanisms with exact noise, and the receipts that say what they cost."""
