# --- retry of a 404
# file: status.py
# caught by: test_a_definitive_refusal_is_asked_only_once
# hint: Un 404 restera un 404
def check_status(status: int, headers: Mapping[str, str], body: bytes, url: str) -> None:
    if status != 200:
        raise _transient(status, headers, url)

# --- nothing is ever tried again
# file: status.py
# caught by: test_a_passing_failure_is_tried_again
# hint: 503 et 429 passent souvent tout seuls
def check_status(status: int, headers: Mapping[str, str], body: bytes, url: str) -> None:
    if status in (401, 403):
        raise IngestError("unauthorized", f"Accès refusé à {url}.")
    if status == 404:
        raise IngestError("not_found", f"{url} n'existe pas.")
    if status != 200:
        raise IngestError("http_error", f"L'API répond {status} sur {url} : {body[:200].decode()}")

# --- what the API says is thrown away
# file: status.py
# caught by: test_a_refused_parameter_is_told_with_what_the_api_says
# hint: le début du corps dit pourquoi
def check_status(status: int, headers: Mapping[str, str], body: bytes, url: str) -> None:
    if status == 200:
        return
    if status in RETRIED_STATUS:
        raise _transient(status, headers, url)
    codes = {401: "unauthorized", 404: "not_found"}
    raise IngestError(codes.get(status, "http_error"), f"L'API répond {status} sur {url}.")

# --- an error page is taken for an answer
# file: status.py
# caught by: test_a_definitive_refusal_is_asked_only_once
# hint: IngestError, pas TransientError
def check_status(status: int, headers: Mapping[str, str], body: bytes, url: str) -> None:
    if status in RETRIED_STATUS:
        raise _transient(status, headers, url)

# --- Retry-After ignored
# file: retry.py
# caught by: test_retry_after_is_respected
# hint: jamais moins
class RetryAfterFloor(wait_base):
    def __call__(self, retry_state: RetryCallState) -> float:
        return self.jittered(retry_state)

# --- retry of every exception
# file: retry.py
# caught by: test_a_definitive_refusal_is_asked_only_once
# hint: Seuls 408, 425, 429 et les 5xx
def retrying(max_attempts: int, max_wait: float, budget: float) -> Retrying:
    return Retrying(
        stop=stop_after_attempt(max_attempts),
        wait=wait_random_exponential(max=max_wait, min=SHORTEST_WAIT),
        reraise=True,
    )

# --- no jitter
# file: retry.py
# caught by: test_waits_grow_and_are_random
# hint: tirée au hasard
def retrying(max_attempts: int, max_wait: float, budget: float) -> Retrying:
    from tenacity import wait_exponential

    return Retrying(
        stop=stop_after_attempt(max_attempts),
        wait=RetryAfterFloor(wait_exponential(max=max_wait, min=SHORTEST_WAIT)),
        retry=retry_if_exception_type(TransientError),
        reraise=True,
    )

# --- no wait at all
# file: retry.py
# caught by: test_retry_after_zero_is_not_a_hot_loop
# hint: donnez-lui un minimum
def retrying(max_attempts: int, max_wait: float, budget: float) -> Retrying:
    return Retrying(
        stop=stop_after_attempt(max_attempts), retry=retry_if_exception_type(TransientError), reraise=True
    )

# --- one attempt too few
# file: retry.py
# caught by: test_a_passing_failure_is_tried_again
# hint: que `retrying` recommence sur TransientError
def retrying(max_attempts: int, max_wait: float, budget: float) -> Retrying:
    return Retrying(
        stop=stop_after_attempt(max_attempts - 1),
        wait=RetryAfterFloor(wait_random_exponential(max=max_wait, min=SHORTEST_WAIT)),
        retry=retry_if_exception_type(TransientError),
        reraise=True,
    )

# --- the library's own error comes out
# file: retry.py
# caught by: test_it_gives_up_after_the_last_attempt
# hint: reraise=True
def retrying(max_attempts: int, max_wait: float, budget: float) -> Retrying:
    return Retrying(
        stop=stop_after_attempt(max_attempts),
        wait=RetryAfterFloor(wait_random_exponential(max=max_wait, min=SHORTEST_WAIT)),
        retry=retry_if_exception_type(TransientError),
    )

# --- the last page lost when it is exactly full
# file: pagination.py
# caught by: test_numbered_pages_give_every_row_once
# hint: La dernière page peut être pleine
def by_page(client: ApiClient, resource: Resource, params: dict, size: int, start: int = 1) -> Iterator[Page]:
    page_name, size_name = resource.page_parameters
    number = start
    answer = client.get(resource.path, {**params, page_name: number, size_name: size})
    while len(answer.rows) == size:
        following = client.get(resource.path, {**params, page_name: number + 1, size_name: size})
        if not following.rows:
            return
        yield Page(number, answer, number)
        number, answer = number + 1, following
    yield Page(number, answer, number)

# --- only the first page
# file: pagination.py
# caught by: test_numbered_pages_give_every_row_once
# hint: demandez à `_has_more`
def by_page(client: ApiClient, resource: Resource, params: dict, size: int, start: int = 1) -> Iterator[Page]:
    page_name, size_name = resource.page_parameters
    yield Page(start, client.get(resource.path, {**params, page_name: start, size_name: size}), start)

# --- the parameters of the request forgotten after the first page
# file: pagination.py
# caught by: test_cursor_pages_give_every_row_of_the_day_once
# hint: `params` compris
def by_cursor(client: ApiClient, resource: Resource, params: dict, size: int, start: str | None = None) -> Iterator[Page]:
    answer = client.get(resource.path, {**params, "limit": size})
    number, seen = 1, set()
    yield Page(number, answer, None)
    while cursor := answer.envelope.get("next_cursor"):
        if cursor in seen or number > 50:
            raise IngestError("cursor_loop", "le même curseur")
        seen.add(cursor)
        answer = client.get(resource.path, {"cursor": cursor, "limit": size, "date": "2024-01-04"})
        number += 1
        yield Page(number, answer, cursor)

# --- the page that has no next cursor is dropped
# file: pagination.py
# caught by: test_cursor_pages_give_every_row_of_the_day_once
# hint: jusqu'à ce qu'il manque
def by_cursor(client: ApiClient, resource: Resource, params: dict, size: int, start: str | None = None) -> Iterator[Page]:
    number, cursor, seen = 0, start, set()
    while True:
        number += 1
        position = {"cursor": cursor} if cursor else {}
        answer = client.get(resource.path, {**params, **position, "limit": size})
        following = answer.envelope.get("next_cursor")
        if not following:
            return
        if following in seen:
            raise IngestError("cursor_loop", "le même curseur")
        seen.add(following)
        yield Page(number, answer, cursor)
        cursor = following

# --- a cursor that comes back is followed for ever
# file: pagination.py
# caught by: test_a_cursor_that_comes_back_is_an_error_not_a_loop
# hint: Retenez les curseurs déjà vus
def by_cursor(client: ApiClient, resource: Resource, params: dict, size: int, start: str | None = None) -> Iterator[Page]:
    number, cursor = 0, start
    while number == 0 or cursor:
        number += 1
        position = {"cursor": cursor} if cursor else {}
        answer = client.get(resource.path, {**params, **position, "limit": size})
        yield Page(number, answer, cursor)
        cursor = answer.envelope.get("next_cursor")
