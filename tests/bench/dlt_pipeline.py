"""The same job by dlt's rest_api source, into Parquet files; it runs in an environment of its own."""

import sys
from datetime import date, timedelta

import dlt
from dlt.sources.rest_api import rest_api_source

base_url, folder, days, page_size = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:5])
PAGINATOR = {"type": "cursor", "cursor_path": "next_cursor", "cursor_param": "cursor"}


def resource(number: int) -> dict:
    day = (date(2024, 1, 1) + timedelta(days=number)).isoformat()
    return {
        "name": f"day_{number}",
        "table_name": "events",
        "endpoint": {
            "path": "api/events",
            "params": {"date": day, "limit": page_size},
            "data_selector": "data",
            "paginator": PAGINATOR,
        },
    }


source = rest_api_source(
    {"client": {"base_url": base_url}, "resources": [resource(number) for number in range(days)]},
    max_table_nesting=0,
)
pipeline = dlt.pipeline(
    "bench",
    pipelines_dir=f"{folder}/state",
    destination=dlt.destinations.filesystem(folder),
    dataset_name="events",
)
pipeline.run(source, loader_file_format="parquet")
