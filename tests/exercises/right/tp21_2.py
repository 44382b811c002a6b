# --- a loop of one's own instead of tenacity
# file: retry.py
def retrying(max_attempts: int, max_wait: float, budget: float):
    import random

    def call(function, *arguments):
        for attempt in range(1, max_attempts + 1):
            try:
                return function(*arguments)
            except TransientError as error:
                if attempt == max_attempts:
                    raise
                jittered = random.uniform(SHORTEST_WAIT, min(max_wait, 2 ** (attempt - 1)))
                time.sleep(max(jittered, error.retry_after))

    return call

# --- tenacity's decorator form, its waits added up
# file: retry.py
def retrying(max_attempts: int, max_wait: float, budget: float) -> Retrying:
    from tenacity import retry, wait_exponential, wait_random

    def wait(state):
        error = state.outcome.exception()
        grown = wait_exponential(multiplier=0.5, max=max_wait - 1) + wait_random(0.05, 1)
        return max(grown(state), error.retry_after)

    policy = retry(
        stop=stop_after_attempt(max_attempts),
        wait=wait,
        retry=retry_if_exception_type(TransientError),
        reraise=True,
    )
    return lambda function, *arguments: policy(function)(*arguments)

# --- statuses by range
# file: status.py
def check_status(status: int, headers: Mapping[str, str], body: bytes, url: str) -> None:
    if status < 300:
        return
    if status >= 500 or status in (408, 425, 429):
        raise _transient(status, headers, url)
    codes = {401: "unauthorized", 403: "unauthorized", 404: "not_found"}
    raise IngestError(codes.get(status, "http_error"), f"{status} {url} {body.decode(errors='replace')}")

# --- pages until an empty one
# file: pagination.py
def by_page(client: ApiClient, resource: Resource, params: dict, size: int, start: int = 1) -> Iterator[Page]:
    import itertools

    page_name, size_name = resource.page_parameters
    for number in itertools.count(start):
        answer = client.get(resource.path, dict(params) | {page_name: number, size_name: size})
        if not answer.rows:
            return
        yield Page(number, answer, number)

# --- cursors one after the other, without has_more
# file: pagination.py
def by_cursor(client: ApiClient, resource: Resource, params: dict, size: int, start: str | None = None) -> Iterator[Page]:
    cursor, seen, number = start, [], 1
    while number == 1 or cursor is not None:
        if cursor in seen and number > 1:
            raise IngestError("cursor_loop", f"{cursor} est revenu")
        seen.append(cursor)
        asked = dict(params, limit=size)
        if cursor is not None:
            asked["cursor"] = cursor
        answer = client.get(resource.path, asked)
        yield Page(number, answer, cursor)
        cursor = answer.body["next_cursor"]
        number += 1
