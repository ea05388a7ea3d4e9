"""HOW: the nouns of slipway. Imports nothing from tasks/ or flows/."""
