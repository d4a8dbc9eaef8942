"""Light clients of other chains, one file a kind. All stand behind one interface, ``base.LightClient``."""
