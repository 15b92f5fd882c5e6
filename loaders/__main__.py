"""`python -m loaders` runs the pgmuse command."""

from loaders.cli import main

if __name__ == "__main__":  # worker processes import it too
    main()
