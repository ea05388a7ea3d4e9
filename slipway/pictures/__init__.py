"""Pictures of a run as SVG: readable on light and dark pages, the same bytes for the same numbers."""
