# --- two passes over a list of good rows
# file: ingest_api.py
def changed_days(options: argparse.Namespace) -> tuple[list[date], str]:
    start = options.since
    if start is None:
        start = datetime(options.start_date.year, options.start_date.month, options.start_date.day, tzinfo=UTC)
    asked = {"updated_since": (start - LOOK_BACK).isoformat()}
    good = []
    for row in fetch_rows(options.base_url + "/api/events", asked, options.page_size):
        try:
            good.append(typed(row, EVENTS))
        except ValueError:
            pass
    mark = max([start, *(version(row) for row in good)])
    return sorted({row["event_time"].date() for row in good}), as_text(mark)


# --- through split_rows is not needed: a helper generator
# file: ingest_api.py
def changed_days(options: argparse.Namespace) -> tuple[list[date], str]:
    def readable(rows):
        for row in rows:
            with contextlib.suppress(ValueError):
                yield typed(row, EVENTS)

    mark = options.since or datetime.combine(options.start_date, time(0), tzinfo=UTC)
    since = as_text(mark - LOOK_BACK)
    days = []
    for row in readable(fetch_rows(f"{options.base_url}/api/events", {"updated_since": since}, options.page_size)):
        if row["event_time"].date() not in days:
            days.append(row["event_time"].date())
        if version(row) > mark:
            mark = version(row)
    days.sort()
    return days, as_text(mark)


# --- the watermark compared at the end
# file: ingest_api.py
def changed_days(options: argparse.Namespace) -> tuple[list[date], str]:
    former = options.since or datetime.combine(options.start_date, time.min).replace(tzinfo=UTC)
    rows = fetch_rows(f"{options.base_url}/api/events", {"updated_since": f"{former - LOOK_BACK:%Y-%m-%dT%H:%M:%SZ}"}, options.page_size)
    days, newest = set(), former
    for row in rows:
        try:
            values = typed(row, EVENTS)
        except ValueError:
            continue
        days |= {values["event_time"].date()}
        newest = max(newest, version(values))
    return sorted(days), as_text(max(newest, former))
