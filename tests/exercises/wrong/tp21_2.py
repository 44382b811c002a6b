# --- every status retried
# file: ingest_api.py
# caught by: test_a_lasting_status_is_not_worth_a_retry
# hint: 404
def worth_retrying(error: BaseException) -> bool:
    return isinstance(error, requests.RequestException)


# --- the 5xx only: 408, 425 and 429 forgotten
# file: ingest_api.py
# caught by: test_a_passing_status_is_worth_a_retry
# hint: 429
def worth_retrying(error: BaseException) -> bool:
    if isinstance(error, HTTPError):
        return error.response.status_code >= 500
    return isinstance(error, (requests.ConnectionError, Timeout, ChunkedEncodingError, JSONDecodeError))


# --- 425 forgotten
# file: ingest_api.py
# caught by: test_a_passing_status_is_worth_a_retry
# hint: 425
def worth_retrying(error: BaseException) -> bool:
    if isinstance(error, HTTPError):
        return error.response.status_code in (408, 429, 500, 502, 503, 504)
    return isinstance(error, (requests.ConnectionError, Timeout, ChunkedEncodingError, JSONDecodeError))


# --- a cut connection not retried
# file: ingest_api.py
# caught by: test_a_cut_is_worth_a_retry_a_bug_is_not
# hint: ConnectionError
def worth_retrying(error: BaseException) -> bool:
    return isinstance(error, HTTPError) and (
        error.response.status_code in (408, 425, 429) or error.response.status_code >= 500
    )


# --- any exception retried, bugs too
# file: ingest_api.py
# caught by: test_a_cut_is_worth_a_retry_a_bug_is_not
# hint: rien d'autre
def worth_retrying(error: BaseException) -> bool:
    if isinstance(error, HTTPError):
        return error.response.status_code in (408, 425, 429) or error.response.status_code >= 500
    return True


# --- three retries after the first attempt
# file: ingest_api.py
# caught by: test_it_gives_up_after_the_last_attempt
# hint: premier compris
def fetch_page(url: str, params: dict) -> tuple:
    patiently = retry(
        stop=stop_after_attempt(ATTEMPTS + 1) | stop_before_delay(BUDGET),
        wait=wait_before_retry,
        retry=retry_if_exception(worth_retrying),
        reraise=True,
    )
    return patiently(get_json)(url, params)


# --- tenacity's own error comes out
# file: ingest_api.py
# caught by: test_it_gives_up_after_the_last_attempt
# hint: reraise=True
def fetch_page(url: str, params: dict) -> tuple:
    patiently = retry(
        stop=stop_after_attempt(ATTEMPTS) | stop_before_delay(BUDGET),
        wait=wait_before_retry,
        retry=retry_if_exception(worth_retrying),
    )
    return patiently(get_json)(url, params)


# --- no retry at all
# file: ingest_api.py
# caught by: test_a_passing_failure_is_tried_again
# hint: retry
def fetch_page(url: str, params: dict) -> tuple:
    return get_json(url, params)


# --- Retry-After ignored
# file: ingest_api.py
# caught by: test_waits_are_random_and_respect_retry_after
# hint: Retry-After
def fetch_page(url: str, params: dict) -> tuple:
    patiently = retry(
        stop=stop_after_attempt(ATTEMPTS) | stop_before_delay(BUDGET),
        wait=wait_random_exponential(multiplier=4, min=2, max=10),
        retry=retry_if_exception(worth_retrying),
        reraise=True,
    )
    return patiently(get_json)(url, params)


# --- a fixed wait
# file: ingest_api.py
# caught by: test_waits_are_random_and_respect_retry_after
# hint: hasard
def fetch_page(url: str, params: dict) -> tuple:
    import time

    for attempt in range(ATTEMPTS):
        try:
            return get_json(url, params)
        except Exception as error:
            if attempt == ATTEMPTS - 1 or not worth_retrying(error):
                raise
            time.sleep(5)


# --- no budget: it would sleep for an hour
# file: ingest_api.py
# caught by: test_a_wait_beyond_the_budget_is_not_begun
# hint: BUDGET
def fetch_page(url: str, params: dict) -> tuple:
    patiently = retry(
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_before_retry,
        retry=retry_if_exception(worth_retrying),
        reraise=True,
    )
    return patiently(get_json)(url, params)


# --- one retry policy for all that is raised
# file: ingest_api.py
# caught by: test_a_lasting_refusal_is_asked_only_once
# hint: worth_retrying
def fetch_page(url: str, params: dict) -> tuple:
    patiently = retry(stop=stop_after_attempt(ATTEMPTS), wait=wait_before_retry, reraise=True)
    return patiently(get_json)(url, params)


# --- stops at a short page
# file: ingest_api.py
# caught by: test_a_short_or_an_empty_page_is_not_the_end
# hint: next_cursor
def fetch_rows(url: str, asked: dict, page_size: int) -> list:
    rows, cursor = [], None
    while True:
        body, _ = fetch_page(url, {**asked, "limit": page_size, "cursor": cursor})
        rows += body["data"]
        cursor = body["next_cursor"]
        if len(body["data"]) < page_size or not cursor:
            return rows


# --- stops at an empty page
# file: ingest_api.py
# caught by: test_a_short_or_an_empty_page_is_not_the_end
# hint: longueur
def fetch_rows(url: str, asked: dict, page_size: int) -> list:
    rows, cursor = [], None
    while True:
        body, _ = fetch_page(url, {**asked, "limit": page_size, "cursor": cursor})
        rows += body["data"]
        cursor = body["next_cursor"]
        if not body["data"] or not cursor:
            return rows


# --- compares with the last cursor only
# file: ingest_api.py
# caught by: test_a_cursor_already_seen_is_an_error
# hint: ensemble
def fetch_rows(url: str, asked: dict, page_size: int) -> list:
    rows, cursor = [], None
    while True:
        body, _ = fetch_page(url, {**asked, "limit": page_size, "cursor": cursor})
        if not isinstance(body, dict) or not isinstance(body.get("data"), list) or "next_cursor" not in body:
            raise IngestError("unexpected_shape", url)
        rows += body["data"]
        if not body["next_cursor"]:
            return rows
        if body["next_cursor"] == cursor:
            raise IngestError("cursor_loop", url)
        cursor = body["next_cursor"]


# --- a loop taken for the end
# file: ingest_api.py
# caught by: test_a_cursor_already_seen_is_an_error
# hint: cursor_loop
def fetch_rows(url: str, asked: dict, page_size: int) -> list:
    rows, cursor, seen = [], None, set()
    while cursor not in seen:
        seen.add(cursor)
        body, _ = fetch_page(url, {**asked, "limit": page_size, "cursor": cursor})
        rows += body["data"]
        cursor = body["next_cursor"]
        if not cursor:
            break
    return rows


# --- page_size ignored
# file: ingest_api.py
# caught by: test_every_row_of_a_day_comes_once
# hint: page_size
def fetch_rows(url: str, asked: dict, page_size: int) -> list:
    rows, cursor, seen = [], None, set()
    while True:
        body, _ = fetch_page(url, {**asked, "limit": 100, "cursor": cursor})
        rows += body["data"]
        cursor = body["next_cursor"]
        if not cursor:
            return rows


# --- asked only on the first page
# file: ingest_api.py
# caught by: test_what_is_asked_is_asked_on_every_page
# hint: asked
def fetch_rows(url: str, asked: dict, page_size: int) -> list:
    body, _ = fetch_page(url, {**asked, "limit": page_size})
    rows = body["data"]
    while body["next_cursor"]:
        body, _ = fetch_page(url, {"limit": page_size, "cursor": body["next_cursor"]})
        rows += body["data"]
    return rows


# --- the first page lost
# file: ingest_api.py
# caught by: test_every_row_of_a_day_comes_once
# hint: next_cursor
def fetch_rows(url: str, asked: dict, page_size: int) -> list:
    body, _ = fetch_page(url, {**asked, "limit": page_size})
    rows = []
    while body["next_cursor"]:
        body, _ = fetch_page(url, {**asked, "limit": page_size, "cursor": body["next_cursor"]})
        rows += body["data"]
    return rows


# --- no next_cursor taken for the end
# file: ingest_api.py
# caught by: test_an_answer_of_another_shape_is_not_the_end
# hint: forme
def fetch_rows(url: str, asked: dict, page_size: int) -> list:
    rows, cursor = [], None
    while True:
        body, _ = fetch_page(url, {**asked, "limit": page_size, "cursor": cursor})
        rows += body.get("data", [])
        cursor = body.get("next_cursor")
        if not cursor:
            return rows
