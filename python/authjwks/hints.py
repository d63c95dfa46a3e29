"""What type hints take of `typing`, without importing it: that would take longer than all of `import authjwks`."""

from collections import namedtuple

TYPE_CHECKING = False  # by this name, type checkers take it for true

if TYPE_CHECKING:
    from typing import Any, NamedTuple
else:
    Any = object

    class _Maker(type):
        def __new__(mcs, name, _, members):
            made = namedtuple(name, members["__annotations__"], module=members["__module__"])
            made.__annotations__ = members["__annotations__"]
            made.__doc__ = members.get("__doc__", made.__doc__)
            return made

    NamedTuple = type.__new__(_Maker, "NamedTuple", (), {})

__all__ = ["TYPE_CHECKING", "Any", "NamedTuple"]
