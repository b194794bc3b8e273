"""The composition root: settings, URLs, and the processes that together are one running Segue."""
