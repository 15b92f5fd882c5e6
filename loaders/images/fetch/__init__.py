"""Pictures from the web: a queue of addresses, and workers that download them."""
