"""Flow orchestration: definitions, the engine that moves their instances, and the triggers that start them."""
