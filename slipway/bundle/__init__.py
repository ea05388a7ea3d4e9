"""The bundle: all that serving needs, in one folder whose identity is the sha256 of its MANIFEST.json."""
