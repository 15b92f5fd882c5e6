"""What must be kept: tables once, from versions/; then everything in sql/, whole."""
