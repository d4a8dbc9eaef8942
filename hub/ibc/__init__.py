"""Packets (IBC v2): their vocabulary and codec, and the handlers that send, receive, acknowledge and time them out."""
