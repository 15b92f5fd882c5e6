"""`python -m loaders` is the pgmuse command, once ./pgmuse has set things up."""

from loaders.cli import main

if __name__ == "__main__":  # worker processes import it too
    main()
