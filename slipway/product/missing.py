"""The texts that mean a missing value, unless a product says otherwise."""

MISSING = ["", "?", "NA", "N/A", "NaN", "null", "None"]
