"""The software's version, as a node tells it. The same as in ``pyproject.toml``."""

VERSION = "0.1.0"
