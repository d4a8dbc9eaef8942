"""``python -m console``: what the ``ichub`` file at the root runs."""

from console.main import main

if __name__ == "__main__":
    main()
