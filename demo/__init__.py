"""The proof: plain models and the use cases that orchestrate them."""
