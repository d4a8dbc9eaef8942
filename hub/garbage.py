"""Python's cyclic garbage collector, in a process that is a node's alone."""

import gc

_NEW_OBJECTS = 50_000


def collect_seldom() -> None:
    """What is there now is not looked through again, what comes is looked through less often than Python does.

    A node under load makes many objects that live until their block is written, and few cycles: looking for those took
    a twentieth of its time. To be called once, when all is loaded.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, 20, 50)
