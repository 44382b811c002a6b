"""pyarrow makes these functions when it is imported: no file names them. All else is read in the installed pyarrow."""

from typing import Any

def __getattr__(name: str) -> Any: ...
