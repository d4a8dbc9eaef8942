"""``python -m console``: what the ``ichub`` file at the root runs."""

import sys

if __name__ == "__main__":
    try:
        from console.main import main  # importing takes a moment, in which Ctrl-C may come

        main()
    except KeyboardInterrupt:
        sys.exit(130)
