"""What organisations decide together: proposals, one vote an organisation, and what is carried out once enough agree.

``proposals`` knows votes and leaves what an action means to whoever carries it out; ``actions`` are those that change
who belongs to the ledger.
"""
