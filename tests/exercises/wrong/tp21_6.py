# --- no look-back
# file: ingest_api.py
# caught by: test_it_looks_back_behind_the_watermark
# hint: LOOK_BACK
def changed_days(options: argparse.Namespace) -> tuple[list[date], str]:
    """Les jours dont une ligne a changé depuis le filigrane, triés ; et le nouveau filigrane."""
    mark = options.since or datetime.combine(options.start_date, time.min, UTC)
    asked, days = {"updated_since": mark.isoformat()}, set()
    for row in fetch_rows(f"{options.base_url}/api/events", asked, options.page_size):
        with contextlib.suppress(ValueError):
            good = typed(row, EVENTS)
            days.add(good["event_time"].date())
            mark = max(mark, version(good))
    return sorted(days), as_text(mark)


# --- looks ahead
# file: ingest_api.py
# caught by: test_it_looks_back_behind_the_watermark
# hint: LOOK_BACK
def changed_days(options: argparse.Namespace) -> tuple[list[date], str]:
    """Les jours dont une ligne a changé depuis le filigrane, triés ; et le nouveau filigrane."""
    mark = options.since or datetime.combine(options.start_date, time.min, UTC)
    asked, days = {"updated_since": (mark + LOOK_BACK).isoformat()}, set()
    for row in fetch_rows(f"{options.base_url}/api/events", asked, options.page_size):
        with contextlib.suppress(ValueError):
            good = typed(row, EVENTS)
            days.add(good["event_time"].date())
            mark = max(mark, version(good))
    return sorted(days), as_text(mark)


# --- a second added, ties lost
# file: ingest_api.py
# caught by: test_it_looks_back_behind_the_watermark
# hint: LOOK_BACK
def changed_days(options: argparse.Namespace) -> tuple[list[date], str]:
    """Les jours dont une ligne a changé depuis le filigrane, triés ; et le nouveau filigrane."""
    mark = options.since or datetime.combine(options.start_date, time.min, UTC)
    asked, days = {"updated_since": (mark - LOOK_BACK + timedelta(seconds=1)).isoformat()}, set()
    for row in fetch_rows(f"{options.base_url}/api/events", asked, options.page_size):
        with contextlib.suppress(ValueError):
            good = typed(row, EVENTS)
            days.add(good["event_time"].date())
            mark = max(mark, version(good))
    return sorted(days), as_text(mark)


# --- the start date ignored
# file: ingest_api.py
# caught by: test_it_looks_back_behind_the_watermark
# hint: LOOK_BACK
def changed_days(options: argparse.Namespace) -> tuple[list[date], str]:
    """Les jours dont une ligne a changé depuis le filigrane, triés ; et le nouveau filigrane."""
    mark = options.since or datetime(2024, 1, 1, tzinfo=UTC)
    asked, days = {"updated_since": (mark - LOOK_BACK).isoformat()}, set()
    for row in fetch_rows(f"{options.base_url}/api/events", asked, options.page_size):
        with contextlib.suppress(ValueError):
            good = typed(row, EVENTS)
            days.add(good["event_time"].date())
            mark = max(mark, version(good))
    return sorted(days), as_text(mark)


# --- the start date first, even with --since
# file: ingest_api.py
# caught by: test_it_looks_back_behind_the_watermark
# hint: LOOK_BACK
def changed_days(options: argparse.Namespace) -> tuple[list[date], str]:
    """Les jours dont une ligne a changé depuis le filigrane, triés ; et le nouveau filigrane."""
    mark = datetime.combine(options.start_date, time.min, UTC) if options.start_date else options.since
    asked, days = {"updated_since": (mark - LOOK_BACK).isoformat()}, set()
    for row in fetch_rows(f"{options.base_url}/api/events", asked, options.page_size):
        with contextlib.suppress(ValueError):
            good = typed(row, EVENTS)
            days.add(good["event_time"].date())
            mark = max(mark, version(good))
    return sorted(days), as_text(mark)


# --- the days of the updates
# file: ingest_api.py
# caught by: test_the_days_are_those_of_the_events
# hint: event_time
def changed_days(options: argparse.Namespace) -> tuple[list[date], str]:
    """Les jours dont une ligne a changé depuis le filigrane, triés ; et le nouveau filigrane."""
    mark = options.since or datetime.combine(options.start_date, time.min, UTC)
    asked, days = {"updated_since": (mark - LOOK_BACK).isoformat()}, set()
    for row in fetch_rows(f"{options.base_url}/api/events", asked, options.page_size):
        with contextlib.suppress(ValueError):
            good = typed(row, EVENTS)
            days.add(good["updated_at"].date())
            mark = max(mark, version(good))
    return sorted(days), as_text(mark)


# --- the days in any order
# file: ingest_api.py
# caught by: test_the_days_are_those_of_the_events
# hint: sorted
def changed_days(options: argparse.Namespace) -> tuple[list[date], str]:
    """Les jours dont une ligne a changé depuis le filigrane, triés ; et le nouveau filigrane."""
    mark = options.since or datetime.combine(options.start_date, time.min, UTC)
    asked, days = {"updated_since": (mark - LOOK_BACK).isoformat()}, set()
    for row in fetch_rows(f"{options.base_url}/api/events", asked, options.page_size):
        with contextlib.suppress(ValueError):
            good = typed(row, EVENTS)
            days.add(good["event_time"].date())
            mark = max(mark, version(good))
    return sorted(days, reverse=True), as_text(mark)


# --- the watermark from this machine's clock
# file: ingest_api.py
# caught by: test_the_new_watermark_is_the_latest_update_seen
# hint: max
def changed_days(options: argparse.Namespace) -> tuple[list[date], str]:
    """Les jours dont une ligne a changé depuis le filigrane, triés ; et le nouveau filigrane."""
    mark = options.since or datetime.combine(options.start_date, time.min, UTC)
    asked, days = {"updated_since": (mark - LOOK_BACK).isoformat()}, set()
    for row in fetch_rows(f"{options.base_url}/api/events", asked, options.page_size):
        with contextlib.suppress(ValueError):
            good = typed(row, EVENTS)
            days.add(good["event_time"].date())
            mark = max(mark, version(good))
    return sorted(days), as_text(datetime.now(UTC))


# --- the watermark of the last row
# file: ingest_api.py
# caught by: test_the_watermark_never_goes_back
# hint: grandir
def changed_days(options: argparse.Namespace) -> tuple[list[date], str]:
    """Les jours dont une ligne a changé depuis le filigrane, triés ; et le nouveau filigrane."""
    mark = options.since or datetime.combine(options.start_date, time.min, UTC)
    asked, days = {"updated_since": (mark - LOOK_BACK).isoformat()}, set()
    for row in fetch_rows(f"{options.base_url}/api/events", asked, options.page_size):
        with contextlib.suppress(ValueError):
            good = typed(row, EVENTS)
            days.add(good["event_time"].date())
            mark = version(good)
    return sorted(days), as_text(mark)


# --- the watermark goes back with the look-back
# file: ingest_api.py
# caught by: test_the_watermark_never_goes_back
# hint: grandir
def changed_days(options: argparse.Namespace) -> tuple[list[date], str]:
    """Les jours dont une ligne a changé depuis le filigrane, triés ; et le nouveau filigrane."""
    mark = first = options.since or datetime.combine(options.start_date, time.min, UTC)
    asked, days = {"updated_since": (mark - LOOK_BACK).isoformat()}, set()
    mark = mark - LOOK_BACK
    for row in fetch_rows(f"{options.base_url}/api/events", asked, options.page_size):
        with contextlib.suppress(ValueError):
            good = typed(row, EVENTS)
            days.add(good["event_time"].date())
            mark = max(mark, version(good))
    return sorted(days), as_text(mark)


# --- the watermark of the events
# file: ingest_api.py
# caught by: test_the_new_watermark_is_the_latest_update_seen
# hint: version
def changed_days(options: argparse.Namespace) -> tuple[list[date], str]:
    """Les jours dont une ligne a changé depuis le filigrane, triés ; et le nouveau filigrane."""
    mark = options.since or datetime.combine(options.start_date, time.min, UTC)
    asked, days = {"updated_since": (mark - LOOK_BACK).isoformat()}, set()
    for row in fetch_rows(f"{options.base_url}/api/events", asked, options.page_size):
        with contextlib.suppress(ValueError):
            good = typed(row, EVENTS)
            days.add(good["event_time"].date())
            mark = max(mark, good["event_time"])
    return sorted(days), as_text(mark)


# --- an unreadable row stops everything
# file: ingest_api.py
# caught by: test_an_unreadable_row_names_no_day
# hint: ValueError
def changed_days(options: argparse.Namespace) -> tuple[list[date], str]:
    """Les jours dont une ligne a changé depuis le filigrane, triés ; et le nouveau filigrane."""
    mark = options.since or datetime.combine(options.start_date, time.min, UTC)
    asked, days = {"updated_since": (mark - LOOK_BACK).isoformat()}, set()
    for row in fetch_rows(f"{options.base_url}/api/events", asked, options.page_size):
        if True:
            good = typed(row, EVENTS)
            days.add(good["event_time"].date())
            mark = max(mark, version(good))
    return sorted(days), as_text(mark)


# --- the offset instead of Z
# file: ingest_api.py
# caught by: test_the_new_watermark_is_the_latest_update_seen
# hint: as_text
def changed_days(options: argparse.Namespace) -> tuple[list[date], str]:
    """Les jours dont une ligne a changé depuis le filigrane, triés ; et le nouveau filigrane."""
    mark = options.since or datetime.combine(options.start_date, time.min, UTC)
    asked, days = {"updated_since": (mark - LOOK_BACK).isoformat()}, set()
    for row in fetch_rows(f"{options.base_url}/api/events", asked, options.page_size):
        with contextlib.suppress(ValueError):
            good = typed(row, EVENTS)
            days.add(good["event_time"].date())
            mark = max(mark, version(good))
    return sorted(days), mark.isoformat()
