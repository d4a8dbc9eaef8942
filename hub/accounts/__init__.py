"""Who acts at the hub and with what: accounts, their nonces and roles, and all of the money."""
