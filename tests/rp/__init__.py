"""Real relying parties, each as a live endpoint: they, not the tests, decide whether a token is good."""
