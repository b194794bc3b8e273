"""Processes killed, frozen and cut off while they work, and the count afterwards: nothing lost, nothing twice. `make chaos`."""
