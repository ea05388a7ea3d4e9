"""WHEN: Prefect flows, the bridge to DVC, the command line. The only floor that imports either."""
