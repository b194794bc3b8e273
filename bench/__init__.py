"""What Segue costs: its engine beside the least that its database can do, and beside plain RQ, in turns. `make bench`."""
