# --- a loop of one's own, without a library
# file: ingest_api.py
def fetch_page(url: str, params: dict) -> tuple:
    import random
    import time

    waited = 0.0
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return get_json(url, params)
        except requests.RequestException as error:
            if attempt == ATTEMPTS or not worth_retrying(error):
                raise
            response = getattr(error, "response", None)
            asked = response.headers.get("Retry-After", "0") if response is not None else "0"
            wait = max(random.uniform(2, min(10, 4 * 2 ** (attempt - 1))), float(asked))
            waited += wait
            if waited > BUDGET:
                raise
            time.sleep(wait)


# --- tenacity's Retrying, as an iterator
# file: ingest_api.py
def fetch_page(url: str, params: dict) -> tuple:
    from tenacity import Retrying

    attempts = Retrying(
        stop=stop_after_attempt(ATTEMPTS) | stop_before_delay(BUDGET),
        wait=wait_before_retry,
        retry=retry_if_exception(worth_retrying),
        reraise=True,
    )
    for attempt in attempts:
        with attempt:
            answer = get_json(url, params)
    return answer


# --- the pages as a generator
# file: ingest_api.py
def fetch_rows(url: str, asked: dict, page_size: int) -> list:
    def pages():
        cursors = [None]
        while True:
            position = {"cursor": cursors[-1]} if cursors[-1] else {}
            body, _ = fetch_page(url, {"limit": page_size} | asked | position)
            if type(body) is not dict or type(body.get("data")) is not list or "next_cursor" not in body:
                raise IngestError("unexpected_shape", f"{url} : réponse inattendue")
            yield body["data"]
            if not body["next_cursor"]:
                return
            if body["next_cursor"] in cursors:
                raise IngestError("cursor_loop", f"{url} : curseur déjà vu")
            cursors.append(body["next_cursor"])

    return [row for page in pages() for row in page]


# --- the statuses one by one
# file: ingest_api.py
def worth_retrying(error: BaseException) -> bool:
    match error:
        case HTTPError():
            return error.response.status_code in {408, 425, 429, *range(500, 600)}
        case requests.ConnectionError() | Timeout() | ChunkedEncodingError() | JSONDecodeError():
            return True
    return False
