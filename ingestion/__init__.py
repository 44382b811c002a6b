"""From the pages of an API to one Parquet file a day: complete, exact, safe to run again."""

__version__ = "0.2.0"
