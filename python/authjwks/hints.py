"""What type hints take of `typing` and `collections.abc`, without importing these.

With all that they import in turn, they would take longer than all of `import authjwks`.
"""

TYPE_CHECKING = False  # by this name, type checkers take it for true

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from typing import Any
else:
    from _collections_abc import Callable, Collection, Mapping

    Any = object

__all__ = ["TYPE_CHECKING", "Any", "Callable", "Collection", "Mapping"]
