"""The report of a product's last run: one HTML file, readable anywhere, that loads nothing."""
