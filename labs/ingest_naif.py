# Votre exemplaire, écrit d'après solutions/ingest_naif.py par « lab cut ».
"""Le premier jet : il marche, et il a des défauts. Le TP2.1 les montre, et vous les remplacez dans ingest_api.py.

    python solutions/ingest_naif.py --start-date 2024-01-01 --end-date 2024-01-03 --output-dir data/bronze/naif

Il lit les articles (`/posts`) d'une API comme JSONPlaceholder, et les écrit en Parquet.
"""

import argparse
import json
import os
from datetime import datetime
from pathlib import Path

import pandas as pd
import requests
from tenacity import retry, stop_after_attempt, wait_exponential


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--start-date", required=True)
    parser.add_argument("--end-date", required=True)
    parser.add_argument("--output-dir", default="./data/bronze")
    parser.add_argument("--page-size", type=int, default=100)
    parser.add_argument("--base-url", default=os.environ.get("LAB_API_URL", "http://127.0.0.1:8765"))
    return parser.parse_args()


@retry(stop=stop_after_attempt(3), wait=wait_exponential(min=2, max=10))
def fetch_page(url: str, page: int, page_size: int) -> list:
    response = requests.get(url, params={"_page": page, "_limit": page_size})
    response.raise_for_status()
    return response.json()


def fetch_all(url: str, page_size: int) -> list:
    rows, page = [], 1
    while True:
        batch = fetch_page(url, page, page_size)
        rows += batch
        if len(batch) < page_size:
            return rows
        page += 1


def write_parquet(rows: list, output_dir: str, day: str) -> str:
    frame = pd.DataFrame(rows)
    frame["_ingested_at"] = datetime.now()
    frame["_source"] = "/posts"
    frame["_partition_date"] = day
    folder = Path(output_dir) / f"partition_date={day}"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"data_{datetime.now():%Y%m%d_%H%M%S_%f}.parquet"
    frame.to_parquet(path, compression="snappy")
    return str(path)


def main() -> None:
    args = parse_args()
    rows = fetch_all(f"{args.base_url}/posts", args.page_size)
    path = write_parquet(rows, args.output_dir, args.start_date)
    print(json.dumps({"status": "success", "records_count": len(rows), "output_file": path}))


if __name__ == "__main__":
    main()
