"""The libraries of the scripts, of the engine and of the checks, for tests/python_by_fork.py to import once."""

import gc
import importlib
import os

from _pytest.config import default_plugins

# Great Expectations reads it when it is imported.
os.environ["GX_ANALYTICS_ENABLED"] = "false"
for name in (
    *("requests", "tenacity", "pandas", "fastavro", "great_expectations"),
    *("pyarrow.parquet", "pyarrow.compute", "pyarrow.dataset", "pyarrow.fs"),
    *("click", "rich.console", "psutil", "fastapi", "uvicorn", "papermill"),
    # Those that pytest loads by itself when it begins.
    *("pytest", *(f"_pytest.{plugin}" for plugin in default_plugins)),
):
    importlib.import_module(name)
# A fork that collects its garbage leaves these objects alone: it shares their memory for longer.
gc.freeze()
