"""`python -m tastemaker` is `tastemaker`."""

from tastemaker.cli.main import main

if __name__ == "__main__":
    main()
