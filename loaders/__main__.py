"""`python -m loaders` is the pgmuse command, once ./pgmuse has set things up."""

from loaders.cli import main

main()
