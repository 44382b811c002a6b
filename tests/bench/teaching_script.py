"""A script of the kind courses show: a new connection a page, the body parsed twice, dicts, then pandas."""

import sys
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import requests

base_url, folder, days, page_size = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:5])
for number in range(days):
    day = (date(2024, 1, 1) + timedelta(days=number)).isoformat()
    rows, cursor = [], None
    while True:
        params = {"date": day, "limit": page_size, "sound": 1} | ({"cursor": cursor} if cursor else {})
        answer = requests.get(f"{base_url}/api/events", params=params, timeout=30)
        if not answer.json()["data"]:
            break
        rows += answer.json()["data"]
        cursor = answer.json()["next_cursor"]
        if not cursor:
            break
    frame = pd.DataFrame(rows)
    frame["_ingested_at"] = pd.Timestamp.now("UTC")
    frame["_source"] = f"{base_url}/api/events"
    frame["_partition_date"] = day
    target = Path(folder, f"partition_date={day}")
    target.mkdir(parents=True, exist_ok=True)
    frame.to_parquet(target / "data.parquet", compression="snappy", index=False)
