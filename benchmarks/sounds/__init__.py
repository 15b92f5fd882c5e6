"""Sound measured: the port, what sounds alike, the radio, loading, search, and hostile files."""
