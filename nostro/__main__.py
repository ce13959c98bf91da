"""`python -m nostro` is `nostro`."""

from nostro.cli import main

if __name__ == "__main__":
    main()
