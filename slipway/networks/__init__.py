"""The networks: small, standard, and rebuilt from JSON beside their weights."""
