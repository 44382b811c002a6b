"""TP2.1, de l'API au Parquet : ce que chaque étape doit savoir faire."""

import argparse
import json
import logging
import random
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from numbers import Integral
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import requests
from checking import Wrong, only_object, shown, step, verify, verify_that
from one_run import forget_handlers
from toy import page_body, pages_served

PERIOD = ("--start-date", "2024-01-01", "--end-date", "2024-01-02")
EARLIER = ("tp21.1", "tp21.2", "tp21.3")


# Étape 1 : les arguments, les journaux


@step(
    "tp21.1",
    hint='`add("--start-date", type=…)` : la fonction donnée par `type` reçoit le texte et rend la valeur.',
)
def test_the_four_arguments_are_read(learner):
    """Les quatre arguments du cours sont lus, chacun avec son type.

    n8n et le notebook appellent votre script par ces noms-là : c'est un contrat.
    """
    for start, end, folder, size in (
        ("2024-01-01", "2024-01-02", "ailleurs", 50),
        ("2023-12-31", "2024-02-29", "a/b", 7),
    ):
        words = ["--start-date", start, "--end-date", end, "--output-dir", folder, "--page-size", str(size)]
        options = learner("ingest_api").parse_args(words)
        tried = f"parse_args({words!r})"
        verify(f"{tried}.start_date", options.start_date, date.fromisoformat(start))
        verify(f"{tried}.end_date", options.end_date, date.fromisoformat(end))
        verify(
            f"{tried}.output_dir",
            options.output_dir,
            Path(folder),
            hint="`type=Path` : la suite écrit `output_dir / …`, ce qu'un texte ne sait pas faire.",
        )
        verify(f"{tried}.page_size", options.page_size, size)


@step("tp21.1", hint="`default=` donne la valeur d'un argument absent : 100 lignes par page, data/bronze.")
def test_page_size_and_output_dir_have_the_defaults_of_the_course(learner):
    """Sans --page-size ni --output-dir : 100 lignes par page, dans data/bronze.

    Un réglage par défaut raisonnable, et la commande la plus courante reste courte.
    """
    options = learner("ingest_api").parse_args(list(PERIOD))
    verify("parse_args([...]).page_size", options.page_size, 100)
    verify("Path(parse_args([...]).output_dir)", Path(options.output_dir), Path("data/bronze"))
    one = learner("ingest_api").parse_args([*PERIOD, "--page-size", "12"])
    verify("parse_args([..., '--page-size', '12']).output_dir", Path(one.output_dir), Path("data/bronze"))


@step(
    "tp21.1",
    hint="date.fromisoformat refuse le 30 février, mais lit 20240105 et 2024-W01-1 : comparez `day.isoformat()` au texte reçu.",
)
@pytest.mark.parametrize(
    "text",
    [
        "2024-02-30",
        "2024-2-3",
        "2023-W52-7",
        "2023-02-29",
        "2024-1-5",
        "20240105",
        "2024-W01-1",
        "05/01/2024",
        "hier",
        "",
        "2024-01-05T00:00:00",
        " 2024-01-05",
    ],
)
def test_what_is_not_a_day_is_refused_by_name(learner, text):
    """Un jour mal écrit est refusé, et le message le cite.

    Une date mal lue ingère la mauvaise période en silence : mieux vaut s'arrêter tout de suite.
    """
    module = learner("ingest_api")
    try:
        read = module.calendar_day(text)
    except (argparse.ArgumentTypeError, ValueError):
        pass
    else:
        verify_that(f"calendar_day({text!r})", False, "un refus", read)
    for words, told in (
        (["--start-date", text, "--end-date", "2024-03-01"], "start_date"),
        (["--start-date", "1999-01-01", "--end-date", text], "end_date"),
    ):
        tried = f"parse_args({words!r})"
        try:
            read = getattr(module.parse_args(words), told)
        except module.IngestError as error:
            verify_that(tried, text in str(error), f"un message qui cite « {text} »", str(error))
            continue
        verify_that(tried, False, "un refus", read, hint="Donnez `type=calendar_day` aux deux dates.")


@step("tp21.1", hint="Rendez un objet `date`, pas un `datetime` ni un texte : un jour n'a pas d'heure.")
@pytest.mark.parametrize("text", ["2024-02-29", "1999-12-31", "2024-01-01"])
def test_a_day_is_read_as_a_date(learner, text):
    """Un jour bien écrit devient une date, le 29 février 2024 compris.

    Un jour sans heure ni fuseau ne change pas de sens d'une machine à l'autre.
    """
    read = learner("ingest_api").calendar_day(text)
    verify(f"type(calendar_day({text!r}))", type(read), date)
    verify(f"calendar_day({text!r})", read, date.fromisoformat(text))


def logged(learner, capfd, message, *arguments, times=1):
    module = learner("ingest_api")
    forget_handlers(module)
    capfd.readouterr()
    for _ in range(times):
        module.log_as_json()
    module.logger.info(message, *arguments)
    for handler in (*logging.getLogger().handlers, *module.logger.handlers):
        handler.flush()
    return capfd.readouterr()


def entry_of(printed, tried):
    lines = printed.err.splitlines()
    verify(f"{tried}, nombre de lignes sur stderr", len(lines), 1)
    try:
        return json.loads(lines[0])
    except ValueError:
        raise Wrong(tried, "une ligne de JSON valide", lines[0]) from None


@step(
    "tp21.1",
    hint="N'écrivez pas le JSON à la main : un JsonFormatter (ou json.dumps) met lui-même guillemets et retours à la ligne en ordre.",
)
@pytest.mark.parametrize(
    ("message", "arguments"),
    [
        ('page "3" lue\nen deux lignes', ()),
        ("été : 100 % \\ fini", ()),
        ("%s : %d lignes", ("2024-01-02", 7)),
    ],
)
def test_a_log_line_is_json_whatever_the_message_holds(learner, capfd, message, arguments):
    """Chaque ligne de journal est un objet JSON, quoi que contienne le message : guillemets, retour à la ligne…

    C'est ce qui permet à `jq`, ou à n8n, de les lire toutes, y compris celles du jour où tout va mal.
    """
    said = ", ".join(map(repr, (message, *arguments)))
    tried = f"log_as_json() ; logger.info({said})"
    entry = entry_of(logged(learner, capfd, message, *arguments), tried)
    verify(
        f"{tried}, message",
        entry.get("message"),
        message % arguments if arguments else message,
        hint="record.getMessage() met les arguments dans le message ; JsonFormatter et json.dumps s'occupent du reste.",
    )
    verify(
        f"{tried}, level",
        str(entry.get("level")).upper(),
        "INFO",
        hint='rename_fields={"levelname": "level"} donne à la clé son nom.',
    )


@step(
    "tp21.1",
    hint='`timestamp="time"` de JsonFormatter, ou datetime.now(UTC).isoformat() : une heure sans fuseau est ambiguë.',
)
def test_a_log_line_bears_its_utc_time(learner, capfd):
    """L'heure d'une ligne de journal, sous la clé `time`, est en UTC, et le dit.

    À 2 h du matin, une nuit d'automne, une heure locale existe deux fois.
    """
    said = entry_of(logged(learner, capfd, "bonjour"), "logger.info('bonjour')").get("time")
    tried = "logger.info(…), clé « time »"
    instant, error = outcome_of(lambda: datetime.fromisoformat(said))
    verify_that(tried, error is None, "un instant ISO 8601, par exemple 2024-03-31T08:00:00+00:00", said)
    verify_that(tried, instant.utcoffset() == timedelta(0), "un instant UTC (+00:00)", said)
    verify_that(tried, abs(datetime.now(UTC) - instant) < timedelta(minutes=1), "maintenant", said)


@step(
    "tp21.1",
    hint="StreamHandler(sys.stderr) ; et `force=True` remplace les anciens handlers au lieu d'en ajouter un à chaque appel.",
)
def test_logs_go_to_stderr_once(learner, capfd):
    """Les journaux vont sur stderr, une seule fois, même si on les règle deux fois.

    stdout est réservé au résultat : un journal qui s'y glisse empêche n8n de le lire.
    """
    printed = logged(learner, capfd, "une fois", times=2)
    verify("logger.info('une fois'), sur stdout", printed.out, "")
    verify(
        "log_as_json() deux fois, puis logger.info('une fois') : lignes sur stderr",
        len(printed.err.splitlines()),
        1,
    )


# Étape 2 : les appels, les reprises, les pages


def http_error(status: int, **headers) -> requests.HTTPError:
    response = requests.Response()
    response.status_code = status
    response.headers.update(headers)
    return requests.HTTPError(f"{status}", response=response)


@step(
    "tp21.2",
    hint="Un statut se lit dans error.response.status_code : 408, 425, 429, et tout ce qui vaut 500 ou plus.",
)
@pytest.mark.parametrize("status", [408, 425, 429, 500, 501, 502, 503, 504, 520, 599])
def test_a_passing_status_is_worth_a_retry(learner, status):
    """Une panne passagère (408, 425, 429, 5xx) mérite un nouvel essai.

    Les API tombent quelques secondes tous les jours ; personne ne doit se lever pour cela.
    """
    verify(
        f"worth_retrying(HTTPError {status})",
        bool(learner("ingest_api").worth_retrying(http_error(status))),
        True,
    )


@step("tp21.2", hint="Un 404 restera un 404 : rendez False pour les statuts qui ne sont pas dans la liste.")
@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 410, 418, 422, 451])
def test_a_lasting_status_is_not_worth_a_retry(learner, status):
    """Un refus définitif (400, 401, 403, 404, 422…) ne mérite pas de nouvel essai.

    Recommencer une requête fausse ne la rend pas juste : cela charge l'API et retarde le message.
    """
    verify(
        f"worth_retrying(HTTPError {status})",
        bool(learner("ingest_api").worth_retrying(http_error(status))),
        False,
    )


@step(
    "tp21.2",
    hint="isinstance(error, (requests.ConnectionError, Timeout, ChunkedEncodingError, JSONDecodeError)), et rien d'autre.",
)
def test_a_cut_is_worth_a_retry_a_bug_is_not(learner):
    """Une coupure, un délai dépassé, une réponse ou un JSON tronqués se retentent ; une erreur de votre code, non.

    Recommencer un bug trois fois ne fait que le cacher plus longtemps.
    """
    worth = learner("ingest_api").worth_retrying
    exceptions = requests.exceptions
    passing = [
        exceptions.ConnectionError("coupé"),
        exceptions.ConnectTimeout("lent"),
        exceptions.ReadTimeout("lent"),
        exceptions.ChunkedEncodingError("tronqué"),
        exceptions.JSONDecodeError("mauvais", "{", 1),
    ]
    for error in passing:
        verify(f"worth_retrying({type(error).__name__})", bool(worth(error)), True)
    for error in (KeyError("data"), TypeError("bug"), exceptions.InvalidURL("x")):
        verify(f"worth_retrying({type(error).__name__})", bool(worth(error)), False)


def outcome_of(call: Callable[[], Any]) -> tuple[Any, Exception | None]:
    """(what the call gave or None, the exception it raised or None); what is still to be written says so."""
    try:
        return call(), None
    except NotImplementedError:
        raise
    except Exception as error:
        return None, error


@step(
    "tp21.2",
    hint="Rendez ce que rend get_json, appelé par la fonction décorée : retry(…)(get_json)(url, params).",
)
@pytest.mark.parametrize("size", [3, 8])
def test_a_page_comes_with_its_body_and_its_headers(learner, api, size):
    """Sans panne, fetch_page fait une requête, avec ses paramètres, et rend le corps et les en-têtes.

    C'est le cas de tous les jours : une requête, pas une de plus.
    """
    body, headers = learner("ingest_api").fetch_page(
        f"{api.url}/api/events", {"date": "2024-01-03", "limit": size}
    )
    tried = f"fetch_page(…, {{'date': '2024-01-03', 'limit': {size}}})"
    verify(f"{tried}, nombre de lignes de data", len(body["data"]), size)
    verify_that(f"{tried}, en-têtes", "json" in headers["Content-Type"], "ceux de la réponse", headers)
    verify(f"{tried}, nombre de requêtes", api.requests(), 1)


@step(
    "tp21.2",
    hint="retry=retry_if_exception(worth_retrying), et stop=stop_after_attempt(ATTEMPTS) : le premier essai compte.",
)
@pytest.mark.parametrize("kind", ["503", "429", "500", "cut_body", "invalid_json"])
def test_a_passing_failure_is_tried_again(learner, api, waits, kind):
    """Deux pannes passagères de suite ne font pas échouer l'appel.

    ATTEMPTS vaut 3 : deux échecs, puis la bonne réponse.
    """
    api.switch("faults", kind=kind, next=2)
    got, error = outcome_of(lambda: learner("ingest_api").fetch_page(f"{api.url}/api/events", {"limit": 5}))
    tried = f"fetch_page(…), deux réponses {kind} puis une bonne"
    verify_that(tried, error is None, "cinq lignes", f"l'erreur « {error} »")
    verify(f"{tried}, nombre de lignes", len(got[0]["data"]), 5)
    verify(f"{tried}, nombre de requêtes", api.requests(), 3)


@step("tp21.2", hint="worth_retrying(error) décide : donnez-la à `retry`, par retry_if_exception.")
@pytest.mark.parametrize("kind", ["404", "401"])
def test_a_lasting_refusal_is_asked_only_once(learner, api, waits, kind):
    """Un refus définitif n'est demandé qu'une fois, et l'erreur de requests sort.

    Trois requêtes pour un 404, ce sont deux de trop, et dix secondes d'attente.
    """
    api.switch("faults", kind=kind, rate=1)
    _, error = outcome_of(lambda: learner("ingest_api").fetch_page(f"{api.url}/api/events", {"limit": 1}))
    tried = f"fetch_page(…), l'API répondant {kind}"
    verify(f"{tried}, nombre de requêtes", api.requests(), 1)
    verify_that(tried, isinstance(error, requests.HTTPError), "une HTTPError", repr(error))


@step(
    "tp21.2",
    hint="stop_after_attempt(ATTEMPTS) compte les essais, le premier compris ; reraise=True laisse sortir l'erreur d'origine.",
)
def test_it_gives_up_after_the_last_attempt(learner, api, waits):
    """Après ATTEMPTS essais, on renonce, avec l'erreur de requests et non celle de la bibliothèque de reprises.

    Sans fin, les reprises font d'une panne de l'API une panne de tout le monde.
    """
    api.switch("faults", kind="503", rate=1)
    got, error = outcome_of(lambda: learner("ingest_api").fetch_page(f"{api.url}/api/events", {"limit": 5}))
    tried = "fetch_page(…), l'API répondant toujours 503"
    verify(f"{tried}, nombre de requêtes", api.requests(), 3)
    if not isinstance(error, requests.HTTPError) or error.response is None:
        raise Wrong(tried, "la HTTPError de la dernière réponse", repr(error or got))
    verify(f"{tried}, statut de l'erreur", error.response.status_code, 503)


@step(
    "tp21.2", hint="wait=wait_before_retry : elle double l'attente, y met du hasard, et respecte Retry-After."
)
def test_waits_are_random_and_respect_retry_after(learner, api, waits):
    """Entre deux essais on attend : au hasard, entre 2 et 10 secondes, jamais moins que Retry-After.

    Sans hasard, tous les clients qu'une panne a surpris reviennent ensemble, et la relancent.
    """
    fetch_page, url = learner("ingest_api").fetch_page, f"{api.url}/api/events"
    random.seed(7)
    seen = []
    for _ in range(8):
        api.switch("faults", kind="503", next=2)
        outcome_of(lambda: fetch_page(url, {"limit": 1}))
        seen.append(list(waits))
        waits.clear()
    tried = "fetch_page(…), deux réponses 503, huit fois"
    verify_that(f"{tried}, attentes", all(len(one) == 2 for one in seen), "deux à chaque fois", seen[0])
    flat = [wait for one in seen for wait in one]
    verify_that(
        f"{tried}, attentes",
        min(flat) >= 2 and max(flat) <= 10,
        "entre 2 et 10 s",
        f"de {min(flat):.2f} à {max(flat):.2f} s",
    )
    verify_that(
        f"{tried}, premières attentes différentes",
        len({one[0] for one in seen}) > 2,
        "tirées au hasard",
        [one[0] for one in seen],
    )
    api.switch("faults", kind="429", next=1, retry_after=17)
    outcome_of(lambda: fetch_page(url, {"limit": 1}))
    verify_that(
        "fetch_page(…), une réponse 429 avec Retry-After: 17, attente",
        sum(waits) >= 17,
        "au moins 17 s",
        f"{sum(waits):.2f} s",
    )


@step(
    "tp21.2",
    hint="stop_before_delay(BUDGET), uni au nombre d'essais par `|` : une attente qui mènerait trop loin n'est pas commencée.",
)
def test_a_wait_beyond_the_budget_is_not_begun(learner, api, waits):
    """Si l'API demande d'attendre une heure, on renonce tout de suite : BUDGET vaut 60 secondes.

    Un script qui dort une heure occupe n8n, et personne ne sait qu'il dort.
    """
    api.switch("faults", kind="429", rate=1, retry_after=40)
    _, error = outcome_of(lambda: learner("ingest_api").fetch_page(f"{api.url}/api/events", {"limit": 1}))
    tried = "fetch_page(…), Retry-After: 40 à chaque réponse"
    verify_that(tried, isinstance(error, requests.HTTPError), "la HTTPError 429", repr(error))
    verify_that(f"{tried}, attente en tout", sum(waits) <= 60, "60 s au plus", f"{sum(waits):.0f} s")
    waits.clear()
    api.switch("reset")
    api.switch("faults", kind="429", rate=1, retry_after=3600)
    got, error = outcome_of(lambda: learner("ingest_api").fetch_page(f"{api.url}/api/events", {"limit": 1}))
    tried = "fetch_page(…), Retry-After: 3600"
    verify_that(tried, isinstance(error, requests.HTTPError), "la HTTPError 429", repr(error or got))
    verify_that(f"{tried}, attente", sum(waits) <= 60, "60 s au plus", f"{sum(waits):.0f} s")


def rows_of(learner, pages, asked=None, size=10):
    """(rows fetch_rows gave, its error, the requests it made) on an API of ours whose answer is pages(query)."""
    with pages_served(pages) as (url, seen):
        got, error = outcome_of(lambda: list(learner("ingest_api").fetch_rows(url, asked or {}, size)))
    return got, error, seen


@step(
    "tp21.2",
    hint='Bouclez jusqu\'à ce que next_cursor soit vide ; `{**asked, "limit": page_size, "cursor": cursor}`.',
)
@pytest.mark.parametrize(("day", "size"), [("2024-01-01", 100), ("2024-01-01", 1000), ("2024-01-02", 333)])
def test_every_row_of_a_day_comes_once(learner, api, day, size):
    """Curseur après curseur, chaque ligne vient une fois, avec des pages de la taille demandée.

    Une page de 1000 lignes au lieu de dix de 100, ce sont neuf attentes de moins.
    """
    wanted = api.rows("/api/events", date=day)
    before = api.requests()
    rows = list(learner("ingest_api").fetch_rows(f"{api.url}/api/events", {"date": day}, size))
    tried = f"fetch_rows(…, {{'date': '{day}'}}, {size})"
    verify(f"{tried}, nombre de lignes", len(rows), len(wanted))
    verify_that(
        tried,
        sorted(map(str, rows)) == sorted(map(str, wanted)),
        "chaque ligne une fois",
        "des lignes manquent ou se répètent",
    )
    verify(f"{tried}, nombre de requêtes", api.requests() - before, -(-len(wanted) // size))


@step("tp21.2", hint="Gardez `asked` dans chaque requête, la première comme les suivantes.")
def test_what_is_asked_is_asked_on_every_page(learner):
    """Les autres paramètres sont demandés à chaque page, pas seulement à la première.

    Sans `date`, la deuxième page serait celle de tous les jours.
    """
    answers = [([1], "a"), ([2], "b"), ([3], None)]
    got, error, seen = rows_of(
        learner, lambda n, query: page_body(*answers[n]), {"date": "2024-05-06", "pays": "FR"}, 25
    )
    tried = "fetch_rows(url, {'date': '2024-05-06', 'pays': 'FR'}, 25)"
    verify_that(tried, error is None, "trois lignes", repr(error))
    for query in seen:
        kept = {name: query.get(name) for name in ("date", "pays", "limit")}
        verify(
            f"{tried}, paramètres d'une requête", kept, {"date": "2024-05-06", "pays": "FR", "limit": "25"}
        )
    verify(f"{tried}, curseurs demandés", [query.get("cursor") or None for query in seen], [None, "a", "b"])


@step("tp21.2", hint="Ne regardez pas la longueur d'une page : seul next_cursor dit si c'est la fin.")
@pytest.mark.parametrize("lengths", [[3, 0, 2], [0, 3], [1, 3, 3]])
def test_a_short_or_an_empty_page_is_not_the_end(learner, lengths):
    """Une page courte ou vide au milieu n'arrête pas la lecture.

    Une API qui filtre après avoir paginé en rend tous les jours.
    """
    last = len(lengths) - 1
    got, error, seen = rows_of(
        learner, lambda n, query: page_body(["x"] * lengths[n], None if n == last else f"c{n}"), size=3
    )
    tried = f"fetch_rows(…), pages de {lengths} lignes"
    verify_that(tried, error is None, f"{sum(lengths)} lignes", repr(error))
    verify(f"{tried}, nombre de lignes", len(got), sum(lengths))
    verify(f"{tried}, nombre de requêtes", len(seen), len(lengths))


@step(
    "tp21.2",
    hint='Gardez tous les curseurs déjà vus dans un ensemble, pas seulement le dernier : IngestError("cursor_loop", …).',
)
@pytest.mark.parametrize("cursors", ["aaaa", "abab", "abcb"])
def test_a_cursor_already_seen_is_an_error(learner, cursors):
    """Un curseur déjà vu est une erreur `cursor_loop`, même s'il n'est pas le précédent (A, B, A, B).

    Sans cela, le script tourne en rond toute la nuit en doublant les lignes.
    """

    def answer(n, query):
        return page_body([n], cursors[n % len(cursors)]) if n < 40 else page_body([], None)

    got, error, seen = rows_of(learner, answer)
    tried = f"fetch_rows(…), curseurs rendus : {', '.join(cursors)}…"
    verify_that(tried, error is not None, "une IngestError « cursor_loop »", f"{len(got or [])} lignes")
    verify(f"{tried}, code de l'erreur", getattr(error, "code", repr(error)), "cursor_loop")


@step(
    "tp21.2",
    hint="Vérifiez la forme avant de lire : un dictionnaire, une liste sous `data`, une clé `next_cursor`.",
)
@pytest.mark.parametrize(
    "body",
    [[1, 2], [], None, {"next_cursor": None}, {"data": {"id": 1}, "next_cursor": None}, {"data": [1]}],
)
def test_an_answer_of_another_shape_is_not_the_end(learner, body):
    """Une réponse sans liste `data` ou sans `next_cursor` est une erreur `unexpected_shape`.

    « Je ne sais pas s'il y a une suite » n'est pas « c'est fini ».
    """
    got, error, _ = rows_of(learner, lambda n, query: json.dumps(body))
    tried = f"fetch_rows(…), l'API rendant {json.dumps(body)}"
    verify_that(tried, error is not None, "une IngestError « unexpected_shape »", f"{got!r}")
    verify(f"{tried}, code de l'erreur", getattr(error, "code", repr(error)), "unexpected_shape")


# Étape 3 : trier les lignes, écrire un fichier par jour


def event(identifier, time="2024-03-05T12:00:00Z", updated: str | None = "2024-03-05T12:00:01Z", **more):
    payload = {"device": "web", "page": "/", "session": "s", "items": 1, "note": None}
    known = {"id": identifier, "event_time": time, "updated_at": updated, "user_id": 7, "type": "view"}
    return {**known, "amount": 1.5, "currency": "EUR", "country": "FR", "payload": payload, **more}


MARCH_5 = date(2024, 3, 5)


def split(learner, rows, day=MARCH_5, columns="EVENTS"):
    module = learner("ingest_api")
    good, rejects = module.split_rows(rows, getattr(module, columns), day)
    return list(good), list(rejects)


@step(
    "tp21.3",
    hint='except ValueError as error : {"reason": error.args[0], "field": error.args[1], "raw": row}, et on continue.',
)
def test_a_refused_row_is_kept_with_its_reason(learner):
    """Une ligne qui n'entre pas dans le schéma est refusée, avec sa raison, son champ, et telle que reçue.

    C'est la *dead letter queue* : on ne jette rien, on ne devine rien.
    """
    bad = [
        event(None),
        event(2, time="31/02/2024"),
        event(3, amount="douze"),
        "texte",
        event(4, user_id={"id": 5}),
    ]
    good, rejects = split(learner, [event(1), *bad, event(9)])
    tried = "split_rows(lignes dont cinq mauvaises, EVENTS, date(2024, 3, 5))"
    verify(f"{tried}, bonnes", [row["id"] for row in good], [1, 9])
    reasons = ["missing_id", "unreadable_event_time", "wrong_type", "not_an_object", "wrong_type"]
    fields = ["id", "event_time", "amount", "", "user_id"]
    wanted = [{"reason": r, "field": f, "raw": raw} for r, f, raw in zip(reasons, fields, bad, strict=True)]
    verify(f"{tried}, nombre de refusées", len(rejects), len(bad))
    in_order = [one for raw in bad for one in rejects if one.get("raw") == raw]
    verify(f"{tried}, raw de chacune", len(in_order), len(bad))
    for got, one in zip(in_order, wanted, strict=True):
        kept = {name: got.get(name, "absente") for name in one}
        verify(f"{tried}, ce qui est gardé de {shown(one['raw'])[:60]}", kept, one)


@step(
    "tp21.3",
    hint='Le jour d\'une ligne : good["event_time"].date(), qui est déjà en UTC. Refus : "other_day", "event_time".',
)
@pytest.mark.parametrize("day", [date(2024, 3, 5), date(2023, 12, 31)])
def test_a_row_of_another_utc_day_is_refused(learner, day):
    """Une ligne dont l'événement tombe un autre jour, en UTC, est refusée : `other_day`.

    Une heure locale range les événements de minuit au mauvais jour, et change d'une machine à l'autre.
    """
    inside = [f"{day}T00:00:00Z", f"{day}T23:59:59Z", f"{day + timedelta(1)}T00:30:00+02:00"]
    outside = [f"{day - timedelta(1)}T23:59:59Z", f"{day + timedelta(1)}T00:00:00Z", f"{day}T00:30:00+02:00"]
    rows = [event(number, time=time) for number, time in enumerate([*outside, *inside], start=1)]
    good, rejects = split(learner, rows, day)
    tried = f"split_rows(lignes autour de minuit, EVENTS, {day!r})"
    verify(f"{tried}, identifiants gardés", [row["id"] for row in good], [4, 5, 6])
    verify(
        f"{tried}, raisons",
        [(one["reason"], one["field"]) for one in rejects],
        [("other_day", "event_time")] * 3,
    )


@step(
    "tp21.3",
    hint="Comparez `version(good)` à celle de la ligne déjà gardée : ce sont des instants, pas des textes, ni l'ordre d'arrivée.",
)
def test_the_latest_version_of_an_id_wins(learner):
    """De plusieurs versions d'un `id`, il reste la plus récente d'après updated_at, dans n'importe quel ordre d'arrivée.

    Une correction peut arriver avant la ligne qu'elle corrige.
    """
    newest = "2024-03-05T12:00:00+00:00"
    versions = [
        event(5, updated="2024-03-05T11:00:00Z", country="DE"),
        event(5, updated=newest, country="FR"),
        event(5, updated="2024-03-05T13:30:00+02:00", country="ES"),
        event(5, updated=None, country="IT"),
    ]
    dice = random.Random(3)
    for _ in range(6):
        rows = [*versions, event(3), event(8)]
        dice.shuffle(rows)
        good, rejects = split(learner, rows)
        tried = (
            f"split_rows(updated_at dans l'ordre {[row['updated_at'] for row in rows if row['id'] == 5]}, …)"
        )
        verify(f"{tried}, identifiants", [row["id"] for row in good], [3, 5, 8])
        verify(f"{tried}, version gardée (pays)", good[1]["country"], "FR")
        verify(f"{tried}, refusées", len(rejects), 0)


@step("tp21.3", hint="Gardez ce que rend `typed` : pandas ferait des entiers absents un flottant.")
def test_good_rows_keep_their_types(learner):
    """Une bonne ligne garde ses types : un entier reste entier, même quand d'autres lignes n'en ont pas.

    L'utilisateur 7 n'est pas l'utilisateur 7.0.
    """
    big = 2**53 + 1
    rows = [event(2, user_id=None), event(1, user_id=7), event(10, user_id=big), event(3, loyalty="or")]
    good, _ = split(learner, rows)
    tried = "split_rows(quatre lignes, EVENTS, …)"
    verify(
        f"{tried}, identifiants triés",
        [row["id"] for row in good],
        [1, 2, 3, 10],
        hint="`sorted` sur les identifiants, qui sont des nombres.",
    )
    users = [row["user_id"] for row in good]
    verify(f"{tried}, user_id", users, [7, None, 7, big])
    floats = [user for user in users if user is not None and not isinstance(user, Integral)]
    verify_that(f"{tried}, user_id", not floats, "des entiers", floats)
    verify(f"{tried}, event_time", good[0]["event_time"], datetime(2024, 3, 5, 12, tzinfo=UTC))
    verify(f"{tried}, _extra", [row["_extra"] for row in good], [None, None, '{"loyalty": "or"}', None])


@step("tp21.3", hint="POSTS n'a pas d'event_time : ne vérifiez le jour que si la colonne est là.")
def test_posts_are_sorted_out_too(learner):
    """La même fonction trie les articles, qui n'ont ni event_time ni updated_at.

    Les colonnes sont un paramètre : rien n'est écrit pour une seule ressource.
    """
    posts = [
        {"userId": 1, "id": 4, "title": "b", "body": "c"},
        {"userId": 1, "id": 2, "title": "a", "body": "c"},
        {"id": None},
    ]
    good, rejects = split(learner, posts, columns="POSTS")
    verify("split_rows(articles, POSTS, …), identifiants", [row["id"] for row in good], [2, 4])
    verify("split_rows(articles, POSTS, …), refusées", [one["reason"] for one in rejects], ["missing_id"])
    verify("split_rows([], POSTS, …)", split(learner, [], columns="POSTS"), ([], []))


@step("tp21.3", hint="path.parent.mkdir(parents=True, exist_ok=True), puis tout écrire à côté et renommer.")
def test_a_file_is_created_or_replaced_whole(learner, tmp_path):
    """Le fichier a exactement le contenu donné, son dossier est créé, et rien d'autre ne reste.

    Un fichier provisoire oublié finit lu par quelqu'un.
    """
    path = tmp_path / "a" / "b" / "data.parquet"
    for content in (b"x" * 100_000, b"court", b""):
        learner("ingest_api").replace_file(path, content)
        verify(f"replace_file(path, {len(content)} octets), contenu", path.read_bytes() == content, True)
        verify(
            "replace_file(…), fichiers du dossier",
            [one.name for one in path.parent.iterdir()],
            ["data.parquet"],
        )


@step(
    "tp21.3",
    hint="Un seul geste : temporary.replace(path), sans effacer l'ancien ni l'ouvrir en écriture ; le nom provisoire commence par un point.",
)
def test_a_file_is_replaced_in_one_gesture(learner, tmp_path, gestures):
    """L'ancien fichier est remplacé d'un seul geste : ni effacé d'abord, ni réécrit sur place.

    Tué entre deux gestes, le script laisserait un jour sans fichier, ou avec une moitié.
    """
    path = tmp_path / "jour" / "data.parquet"
    path.parent.mkdir()
    path.write_bytes(b"ancien")
    with gestures(path) as seen:
        learner("ingest_api").replace_file(path, b"nouveau" * 1000)
    tried = "replace_file(path, contenu), gestes sur path"
    touched = [name for name, _ in seen if name != "rename"]
    verify_that(tried, not touched, "un renommage, et rien d'autre", ", ".join(touched))
    sources = [source for name, source in seen if name == "rename"]
    verify_that(tried, len(sources) == 1, "un renommage", f"{len(sources)} renommage(s)")
    verify("replace_file(…), dossier du fichier provisoire", sources[0].parent, path.parent)
    verify_that(
        "replace_file(…), nom du fichier provisoire",
        sources[0].name.startswith("."),
        "un nom qui commence par un point",
        sources[0].name,
    )


@step(
    "tp21.3",
    hint="file.flush() puis os.fsync(file.fileno()), avant de renommer : les octets sont alors sur le disque.",
)
def test_the_bytes_are_on_disk_before_the_rename(learner, tmp_path, monkeypatch):
    """Un disque qui refuse au dernier moment laisse l'ancien fichier intact, et l'erreur sort.

    Une panne de courant ne prévient pas.
    """
    path = tmp_path / "data.parquet"
    path.write_bytes(b"ancien")

    def refuse(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", refuse)
    if hasattr(learner("ingest_api"), "fsync"):
        monkeypatch.setattr(learner("ingest_api"), "fsync", refuse)
    _, error = outcome_of(lambda: learner("ingest_api").replace_file(path, b"nouveau"))
    verify_that(
        "replace_file(…), os.fsync refusant", isinstance(error, OSError), "l'OSError du disque", repr(error)
    )
    verify("replace_file(…), os.fsync refusant : contenu de path", path.read_bytes(), b"ancien")


def written(learner, folder, rows, day=MARCH_5, source="/api/events", columns="EVENTS"):
    module = learner("ingest_api")
    rows = [{"_extra": None, **row} for row in rows]
    return module.write_parquet(rows, getattr(module, columns), day, folder, source)


def typed_event(identifier, **more):
    row = event(identifier, **more)
    return row | {name: datetime.fromisoformat(row[name]) for name in ("event_time", "updated_at")}


def file_of(folder, day=MARCH_5):
    return folder / f"partition_date={day}" / "data.parquet"


@step("tp21.3", hint="pa.schema({**columns, **METADATA}) donne les colonnes, leur ordre et leurs types.")
@pytest.mark.parametrize(
    ("day", "source"), [(date(2024, 3, 5), "/api/events"), (date(2023, 12, 31), "/autre")]
)
def test_the_file_has_its_columns_and_its_metadata(learner, tmp_path, day, source):
    """Le fichier du jour a les colonnes du schéma, puis `_ingested_at`, `_source`, `_partition_date` et `_extra`.

    Six mois plus tard, chaque ligne dit encore d'où elle vient, et quand.
    """
    said = written(learner, tmp_path, [typed_event(1), typed_event(2, user_id=None)], day, source)
    tried = f"write_parquet(deux lignes, EVENTS, {day!r}, dossier, {source!r})"
    verify(tried, said, "written")
    verify_that(
        f"{tried}, fichier",
        file_of(tmp_path, day).is_file(),
        f"partition_date={day}/data.parquet",
        [str(one.relative_to(tmp_path)) for one in tmp_path.rglob("*.parquet")],
    )
    table = pq.ParquetFile(file_of(tmp_path, day)).read()
    module = learner("ingest_api")
    verify(f"{tried}, colonnes", table.column_names, [*module.EVENTS, *module.METADATA])
    wanted = {**module.EVENTS, **module.METADATA}
    kinds = {name: str(table.schema.field(name).type) for name in wanted}
    verify(f"{tried}, types", kinds, {name: str(kind) for name, kind in wanted.items()})
    verify(f"{tried}, user_id", table["user_id"].to_pylist(), [7, None])
    verify(f"{tried}, _source", table["_source"].to_pylist(), [source] * 2)
    verify(f"{tried}, _partition_date", table["_partition_date"].to_pylist(), [day] * 2)
    age = datetime.now(UTC) - table["_ingested_at"][0].as_py()
    verify_that(
        f"{tried}, _ingested_at",
        abs(age) < timedelta(minutes=1),
        "maintenant, en UTC",
        table["_ingested_at"][0].as_py(),
        hint="datetime.now(UTC) : une heure locale sans fuseau serait rangée comme si elle était UTC.",
    )


@step(
    "tp21.3",
    hint="Comparez la table du fichier à la nouvelle, toutes deux sans la colonne _ingested_at (drop_columns).",
)
def test_a_file_already_right_is_not_touched(learner, tmp_path):
    """Les mêmes lignes une seconde fois : "unchanged", et le fichier n'est pas touché.

    Relancer ne coûte rien, et qui surveille les fichiers n'est pas réveillé pour rien.
    """
    rows = [typed_event(1), typed_event(2)]
    written(learner, tmp_path, rows)
    before = file_of(tmp_path).stat()
    verify("write_parquet(les mêmes lignes)", written(learner, tmp_path, rows), "unchanged")
    after = file_of(tmp_path).stat()
    verify(
        "write_parquet(les mêmes lignes), le fichier est le même",
        (after.st_ino, after.st_mtime_ns),
        (before.st_ino, before.st_mtime_ns),
    )


@step(
    "tp21.3",
    hint='Une seule différence, une valeur, une ligne de plus ou de moins, et le fichier est remplacé : "written".',
)
def test_a_changed_day_replaces_the_file(learner, tmp_path):
    """Une valeur corrigée, une ligne de plus ou de moins : le fichier du jour est remplacé, il n'y en a toujours qu'un.

    Un nom tiré de l'heure aurait ajouté un second fichier, et doublé le jour.
    """
    series = [
        [typed_event(1), typed_event(2)],
        [typed_event(1), typed_event(2, country="DE")],
        [typed_event(1)],
        [typed_event(1), typed_event(4)],
    ]
    for rows in series:
        verify(
            f"write_parquet(identifiants {[row['id'] for row in rows]})",
            written(learner, tmp_path, rows),
            "written",
        )
        found = list(tmp_path.rglob("*.parquet"))
        verify("write_parquet(…), nombre de fichiers", len(found), 1)
        verify(
            "write_parquet(…), identifiants du fichier",
            pq.ParquetFile(found[0]).read()["id"].to_pylist(),
            [row["id"] for row in rows],
        )
    posts = [{"userId": 1, "id": 4, "title": "b", "body": "c"}]
    tried = "write_parquet(un article, POSTS, …, source='/posts')"
    verify(tried, written(learner, tmp_path / "p", posts, columns="POSTS", source="/posts"), "written")
    (row,) = pq.ParquetFile(file_of(tmp_path / "p")).read().to_pylist()
    wanted = {**posts[0], "_source": "/posts", "_partition_date": MARCH_5}
    verify(f"{tried}, la ligne du fichier", {name: row.get(name) for name in wanted}, wanted)


# Étape 4 : le passage, et un JSON pour n8n


def ingested(run, api, folder, start, end, *more):
    return run(
        "ingest_api",
        *("--start-date", start, "--end-date", end, "--output-dir", folder / "bronze", "--base-url", api.url),
        *("--quarantine-dir", folder / "quarantine", "--page-size", "1000", *more),
    )


def said(ran):
    """What a failed run says of itself, to be shown."""
    return ran.stdout.strip()[:600] or ran.stderr.strip()[-600:]


def success_of(ran):
    """The result of a run that must succeed; what it says of itself if it does not."""
    result = only_object(ran)
    verify_that(f"{ran.line}, status", result.get("status") == "success", "success", said(ran))
    return result


@step(
    "tp21.4",
    needs=EARLIER,
    hint="Les clés et leurs valeurs sont dans l'énoncé de l'étape ; ingest rend ce que rend summary.",
)
@pytest.mark.parametrize(
    ("start", "end", "rows", "bad"),
    [("2024-01-01", "2024-01-01", 961, 4), ("2024-01-02", "2024-01-04", 3055, 13)],
)
def test_a_success_has_the_keys_of_the_course(run, api, tmp_path, start, end, rows, bad):
    """Un passage réussi imprime un seul objet JSON, avec les clés de l'énoncé, et sort avec le code 0.

    n8n ne voit de votre script que cela.
    """
    ran = ingested(run, api, tmp_path, start, end)
    result = success_of(ran)
    verify(f"{ran.line}, code de sortie", ran.code, 0)
    days = [
        str(date.fromisoformat(start) + timedelta(n))
        for n in range((date.fromisoformat(end) - date.fromisoformat(start)).days + 1)
    ]
    files = [str(tmp_path / "bronze" / f"partition_date={day}" / "data.parquet") for day in days]
    verify(f"{ran.line}, records_count", result.get("records_count"), rows)
    verify(f"{ran.line}, quarantined", result.get("quarantined"), bad)
    verify(f"{ran.line}, output_files", result.get("output_files"), files)
    verify(f"{ran.line}, output_file", result.get("output_file"), files[0])
    verify(
        f"{ran.line}, partitions",
        result.get("partitions"),
        {"written": days, "unchanged": [], "empty": [], "skipped": []},
    )
    verify_that(
        f"{ran.line}, clés error et failed",
        not {"error", "failed"} & result.keys(),
        "absentes d'un succès",
        sorted(result),
    )


@step("tp21.4", needs=EARLIER, hint="datetime.now(UTC).isoformat() : l'instant du passage, avec son fuseau.")
def test_the_ingestion_date_is_now(run, api, tmp_path):
    """`ingestion_date` est l'instant du passage, en UTC, ISO 8601.

    Une heure naïve vaut une autre heure sur la machine d'à côté.
    """
    result = success_of(ingested(run, api, tmp_path, "2024-01-01", "2024-01-01"))
    read, error = outcome_of(lambda: datetime.fromisoformat(result.get("ingestion_date")))
    verify_that(
        "ingestion_date",
        error is None and read.utcoffset() == timedelta(0),
        "un instant UTC",
        result.get("ingestion_date"),
    )
    verify_that(
        "ingestion_date",
        abs(datetime.now(UTC) - read) < timedelta(minutes=1),
        "maintenant",
        result.get("ingestion_date"),
    )


@step(
    "tp21.4",
    needs=EARLIER,
    hint="by_status range chaque jour sous son état : un jour inchangé n'est pas un fichier écrit.",
)
def test_a_second_run_says_unchanged(run, api, tmp_path):
    """Relancé, le script dit « unchanged », sans fichier écrit ; un jour sans ligne est « empty ».

    output_file désigne ce qui vient d'être écrit : rien, donc None.
    """
    success_of(ingested(run, api, tmp_path, "2024-01-01", "2024-01-02"))
    ran = ingested(run, api, tmp_path, "2024-01-01", "2024-01-02")
    result = success_of(ran)
    verify(
        f"{ran.line}, une seconde fois, partitions",
        result.get("partitions"),
        {"written": [], "unchanged": ["2024-01-01", "2024-01-02"], "empty": [], "skipped": []},
    )
    verify(
        f"{ran.line}, une seconde fois, output_file et output_files",
        (result.get("output_file"), result.get("output_files")),
        (None, []),
    )
    verify(f"{ran.line}, une seconde fois, records_count", result.get("records_count"), 2059)
    future = success_of(ingested(run, api, tmp_path, "2025-01-01", "2025-01-01"))
    verify(
        "un jour sans ligne, partitions et output_file",
        (future.get("partitions"), future.get("output_file", "absente")),
        ({"written": [], "unchanged": [], "empty": ["2025-01-01"], "skipped": []}, None),
    )


DAYS = ("2024-01-01", "2024-01-02", "2024-01-03")


@step(
    "tp21.4",
    needs=EARLIER,
    hint="Le try est dans la boucle, autour d'ingest_day seul : failed[day] = as_error(error), et on passe au jour suivant.",
)
@pytest.mark.parametrize("bad", [["2024-01-01"], ["2024-01-02"], ["2024-01-01", "2024-01-03"]])
def test_a_day_that_fails_does_not_stop_the_others(run, api, tmp_path, bad):
    """Un jour en échec n'arrête pas les suivants ; chacun est nommé, et le passage n'est plus un succès.

    Un succès annoncé pour deux jours sur trois, c'est un jour perdu que personne ne cherche.
    """
    for day in bad:  # A file stands where the day's folder should be.
        (tmp_path / "bronze").mkdir(exist_ok=True)
        (tmp_path / "bronze" / f"partition_date={day}").write_bytes(b"")
    ran = ingested(run, api, tmp_path, "2024-01-01", "2024-01-03")
    result = only_object(ran)
    tried = f"{ran.line}, un fichier étant à la place du dossier de {' et '.join(bad)}"
    verify_that(f"{tried}, status", result.get("status") == "error", "error", said(ran))
    verify(f"{tried}, code de sortie", ran.code, 1)
    failed = result.get("failed") or {}
    verify_that(f"{tried}, jours de failed", sorted(failed) == bad, f"{bad}", said(ran))
    good = [day for day in DAYS if day not in bad]
    verify(f"{tried}, jours écrits", (result.get("partitions") or {}).get("written"), good)
    verify(
        f"{tried}, output_file",
        result.get("output_file"),
        str(tmp_path / "bronze" / f"partition_date={good[0]}" / "data.parquet"),
        hint="Le premier fichier écrit, même si d'autres jours ont échoué.",
    )
    codes = [one.get("code") if isinstance(one, dict) else one for one in failed.values()]
    verify(
        f"{tried}, code de chaque erreur",
        codes,
        ["output_not_writable"] * len(bad),
        hint="failed[day] = as_error(error) : un dictionnaire {code, message}.",
    )
    verify(
        f"{tried}, error",
        result.get("error"),
        failed[bad[0]],
        hint="`error` est l'erreur du premier jour en échec, un dictionnaire {code, message}.",
    )


@step(
    "tp21.4",
    needs=EARLIER,
    hint="except (IngestError, OSError, pa.ArrowException) as error, autour d'ingest_day : failed[day] = as_error(error).",
)
@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("IngestError", "empty_day"),
        ("OSError", "output_not_writable"),
        ("ArrowInvalid", "unreadable_partition"),
        ("Timeout", "api_timeout"),
    ],
)
def test_every_foreseen_error_fails_its_day_only(run, api, learner, tmp_path, monkeypatch, kind, code):
    """Une erreur prévue d'ingest_day (IngestError, OSError, pa.ArrowException) est l'échec de son jour, avec son code.

    Un disque plein, une API lente, un fichier abîmé : n8n branche sur ce code.
    """
    module = learner("ingest_api")
    errors = {
        "IngestError": module.IngestError("empty_day", "plus rien"),
        "OSError": OSError(28, "No space left on device"),
        "ArrowInvalid": pa.ArrowInvalid("abîmé"),
        "Timeout": requests.Timeout("lent"),
    }
    real = module.ingest_day

    def fail(options, day):
        if str(day) == "2024-01-02":
            raise errors[kind]
        return real(options, day)

    monkeypatch.setattr(module, "ingest_day", fail)
    ran = ingested(run, api, tmp_path, "2024-01-01", "2024-01-03")
    result = only_object(ran)
    tried = f"{ran.line}, ingest_day levant {kind} pour le 2024-01-02"
    codes = {day: one.get("code") for day, one in (result.get("failed") or {}).items()}
    verify_that(f"{tried}, failed", codes == {"2024-01-02": code}, f"{code}, pour ce jour-là", said(ran))
    written_days = (result.get("partitions") or {}).get("written")
    verify(f"{tried}, jours écrits", written_days, ["2024-01-01", "2024-01-03"])
    verify(f"{tried}, status et code de sortie", (result.get("status"), ran.code), ("error", 1))


@step(
    "tp21.4",
    needs=EARLIER,
    hint="OSError couvre aussi les erreurs de requests : except (IngestError, OSError, pa.ArrowException).",
)
@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("404", "not_found"),
        ("401", "unauthorized"),
        ("429", "rate_limited"),
        ("503", "server_error"),
        ("arrêtée", "api_unreachable"),
        ("html", "invalid_json"),
        ("list", "unexpected_shape"),
    ],
)
def test_an_api_in_trouble_is_a_result_with_its_code(run, api, waits, tmp_path, kind, code):
    """Une API en panne donne un résultat : status "error", le code de la panne, une sortie 1, rien d'écrit.

    n8n branche sur un code, jamais sur une phrase.
    """
    if kind == "arrêtée":
        ran = ingested(run, api, tmp_path, "2024-01-01", "2024-01-01", "--base-url", "http://127.0.0.1:9")
    else:
        api.switch("faults", kind=kind, rate=1)
        ran = ingested(run, api, tmp_path, "2024-01-01", "2024-01-01")
    result = only_object(ran)
    tried = f"{ran.line}, l'API {'étant arrêtée' if kind == 'arrêtée' else f'répondant {kind}'}"
    verify(f"{tried}, status et code de sortie", (result.get("status"), ran.code), ("error", 1))
    verify_that(f"{tried}, error.code", (result.get("error") or {}).get("code") == code, code, said(ran))
    verify(f"{tried}, records_count", result.get("records_count"), 0)
    verify_that(
        f"{tried}, stderr",
        "Traceback" not in ran.stderr,
        "des journaux, pas une pile d'appels",
        ran.stderr[-300:],
    )


@step(
    "tp21.4",
    needs=EARLIER,
    hint="parse_args est dans le try de main ; le code 2 est celui des erreurs « usage ».",
)
@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--start-date", "2024-01-01"],
        ["--start-date", "hier", "--end-date", "2024-01-01"],
        ["--couleur", "rouge"],
    ],
)
def test_a_command_badly_written_exits_2(run, words):
    """Une commande mal écrite imprime aussi un JSON, code `usage`, et sort avec 2.

    Qui a mal tapé corrige sa commande ; qui est en panne prévient quelqu'un.
    """
    ran = run("ingest_api", *words)
    result = only_object(ran)
    verify(f"{ran.line}, error.code", (result.get("error") or {}).get("code"), "usage")
    verify(f"{ran.line}, code de sortie", ran.code, 2)
    wanted = {"status": "error", "records_count": 0, "output_file": None, "output_files": []}
    verify(f"{ran.line}, les autres clés", {name: result.get(name, "absente") for name in wanted}, wanted)


@step(
    "tp21.4",
    needs=EARLIER,
    hint="except (Exception, KeyboardInterrupt) as error : as_error sait les nommer toutes.",
)
@pytest.mark.parametrize(
    ("error", "code"), [(RuntimeError("imprévu"), "internal_error"), (KeyboardInterrupt(), "interrupted")]
)
def test_the_unexpected_is_a_result_too(run, api, learner, tmp_path, monkeypatch, error, code):
    """Une erreur imprévue, ou un Ctrl-C, devient aussi un résultat : aucune pile d'appels ne sort.

    Un script qui meurt sans un mot laisse n8n sans rien à lire.
    """

    def fail(*_, **__):
        raise error

    monkeypatch.setattr(learner("ingest_api"), "ingest_day", fail)
    try:
        ran = ingested(run, api, tmp_path, "2024-01-01", "2024-01-01")
    except (RuntimeError, KeyboardInterrupt) as escaped:
        raise Wrong(
            f"main(…), ingest_day levant {type(error).__name__}",
            "un résultat",
            f"{type(escaped).__name__}, sortie de main",
        ) from None
    result = only_object(ran)
    tried = f"{ran.line}, ingest_day levant {type(error).__name__}"
    verify(f"{tried}, status et code de sortie", (result.get("status"), ran.code), ("error", 1))
    verify(f"{tried}, error.code", (result.get("error") or {}).get("code"), code)


@step(
    "tp21.4",
    needs=EARLIER,
    hint="Après un échec, `watermark` redevient options.since : ajoutez en dernier ce que rend what_failed(options, failed).",
)
def test_a_failure_keeps_the_former_watermark(learner):
    """`watermark` est le nouveau filigrane après un succès, et redevient celui d'avant si un jour a échoué.

    Un filigrane qui avance malgré un échec perd les lignes de ce jour pour toujours.
    """
    module = learner("ingest_api")
    done = {date(2024, 1, 3): {"status": "written", "received": 9, "rows": 8, "quarantined": 1}}
    failed = {
        date(2024, 1, 5): {"code": "x", "message": "deuxième"},
        date(2024, 1, 4): {"code": "y", "message": "premier"},
    }
    for since, before in ((datetime(2024, 1, 2, 8, tzinfo=UTC), "2024-01-02T08:00:00Z"), (None, None)):
        options = SimpleNamespace(
            since=since,
            output_dir=Path("bronze"),
            start_date=None,
            end_date=None,
            mode="ingest",
            watermark="updated_at",
        )
        mark = "2024-01-05T10:00:00Z"
        good = module.summary(options, done, [], {}, mark)
        verify("summary(options, done, [], {}, mark)['watermark']", good["watermark"], mark)
        bad = module.summary(options, done, [], failed, mark)
        verify(
            f"summary(…, deux jours en échec, mark)['watermark'], since valant {since}",
            bad["watermark"],
            before,
        )
        verify("summary(…)['error'], celle du premier jour", bad["error"], failed[date(2024, 1, 4)])
        verify(
            "summary(…)['failed']",
            bad["failed"],
            {"2024-01-04": failed[date(2024, 1, 4)], "2024-01-05": failed[date(2024, 1, 5)]},
        )


@step(
    "tp21.4",
    needs=EARLIER,
    hint="`skipped` : days_and_files(options, done, skipped) le rend avec les autres clés ; donnez-lui `skipped`.",
)
def test_skipped_days_are_named(learner):
    """Les jours sautés sont nommés dans `partitions`, et ne comptent pas comme des lignes.

    C'est par là que l'on voit qu'un backfill n'avait rien à refaire.
    """
    options = SimpleNamespace(
        since=None, output_dir=Path("bronze"), start_date=None, end_date=None, mode="backfill", watermark=None
    )
    done = {date(2024, 2, 29): {"status": "empty", "received": 0, "rows": 0, "quarantined": 0}}
    result = learner("ingest_api").summary(options, done, [date(2024, 3, 1), date(2024, 3, 2)], {}, None)
    wanted = {
        "written": [],
        "unchanged": [],
        "empty": ["2024-02-29"],
        "skipped": ["2024-03-01", "2024-03-02"],
    }
    verify("summary(…)['partitions']", result["partitions"], wanted)
    verify("summary(…)['records_count']", result["records_count"], 0)


@step(
    "tp21.4",
    needs=EARLIER,
    hint="print(json.dumps(result)) : ASCII par défaut, il s'écrit dans n'importe quel terminal.",
)
def test_the_command_works_from_a_terminal_elsewhere(api, terminal, tmp_path):
    """Lancé pour de vrai, sous un autre fuseau et dans un terminal sans accents, le script rend le même résultat.

    n8n tourne souvent dans un conteneur en UTC, votre poste à Paris, le serveur à New York.
    """
    ran = terminal(
        "ingest_api",
        "--start-date",
        "2024-01-02",
        "--end-date",
        "2024-01-02",
        "--base-url",
        api.url,
        "--output-dir",
        tmp_path / "é",
    )
    result = success_of(ran)
    verify(f"{ran.line}, records_count et code de sortie", (result.get("records_count"), ran.code), (1098, 0))


# Pour aller plus loin (étape 6) : l'incrément et son filigrane


def changed(learner, pages, since=None, start=None):
    """(what changed_days gave, the requests it made) on an API of ours."""
    with pages_served(pages) as (url, seen):
        base = url.removesuffix("/api/events")
        options = SimpleNamespace(
            base_url=base,
            since=since,
            start_date=start,
            end_date=None,
            page_size=50,
            resource="events",
            mode="ingest",
            watermark="updated_at",
        )
        days, mark = learner("ingest_api").changed_days(options)
    return list(days), mark, seen


SINCE = datetime(2024, 3, 5, 8, tzinfo=UTC)


def one_page(*rows):
    return lambda n, query: page_body(list(rows), None)


@step(
    "tp21.6",
    needs=EARLIER,
    hint="Le jour est celui d'event_time, pas d'updated_at ; sorted(…) d'un ensemble.",
)
def test_the_days_are_those_of_the_events(learner):
    """Les jours rendus sont ceux des événements qui ont changé, triés, chacun une fois.

    Une correction faite aujourd'hui à une ligne d'il y a trois jours réécrit le fichier d'il y a trois jours.
    """
    rows = [
        event(1, "2024-03-04T10:00:00Z", "2024-03-05T09:00:00Z"),
        event(2, "2024-02-28T23:30:00Z", "2024-03-05T09:30:00Z"),
        event(3, "2024-03-04T11:00:00Z", "2024-03-05T08:00:00Z"),
        event(4, "2024-03-01T00:30:00+02:00", "2024-03-05T08:30:00Z"),
    ]
    days, _, _ = changed(learner, one_page(*rows), SINCE)
    verify("changed_days(options), jours", days, [date(2024, 2, 28), date(2024, 2, 29), date(2024, 3, 4)])


@step(
    "tp21.6",
    needs=EARLIER,
    hint="mark = max(mark, version(good)), sur toutes les lignes de toutes les pages, puis as_text(mark).",
)
def test_the_new_watermark_is_the_latest_update_seen(learner):
    """Le nouveau filigrane est le plus grand updated_at lu, écrit avec un Z.

    Il vient de l'API, jamais de l'horloge de cette machine, qui peut avancer.
    """
    rows = [
        event(1, updated="2024-03-05T09:00:00Z"),
        event(2, updated="2024-03-05T11:00:00+00:00"),
        event(3, updated="2024-03-05T12:30:00+02:00"),
    ]
    pages = [page_body(rows[1:], "a"), page_body(rows[:1], None)]
    _, mark, seen = changed(learner, lambda n, query: pages[n], SINCE)
    verify(
        "changed_days(options), limit de chaque requête, page_size valant 50",
        [query.get("limit") for query in seen],
        ["50", "50"],
        hint="fetch_rows(adresse, ce que l'on demande, options.page_size).",
    )
    verify("changed_days(options), filigrane", mark, "2024-03-05T11:00:00Z")


@step("tp21.6", needs=EARLIER, hint="mark part de `since` et ne fait que grandir.")
@pytest.mark.parametrize("rows", [(), (event(1, updated="2024-03-03T09:00:00Z"),)])
def test_the_watermark_never_goes_back(learner, rows):
    """Sans ligne, ou avec de vieilles lignes relues, le filigrane reste où il était.

    Le recul fait relire des lignes anciennes : elles ne doivent pas le ramener en arrière.
    """
    _, mark, _ = changed(learner, one_page(*rows), SINCE)
    verify(
        f"changed_days(options), {len(rows)} ligne(s) ancienne(s), filigrane", mark, "2024-03-05T08:00:00Z"
    )


@step(
    "tp21.6",
    needs=EARLIER,
    hint='{"updated_since": (mark - LOOK_BACK).isoformat()} : LOOK_BACK vaut 72 heures.',
)
@pytest.mark.parametrize(
    ("since", "start", "wanted"),
    [
        (SINCE, None, "2024-03-02T08:00:00+00:00"),
        (None, date(2024, 3, 10), "2024-03-07T00:00:00+00:00"),
        (datetime(2024, 1, 1, 12, tzinfo=UTC), date(2024, 3, 10), "2023-12-29T12:00:00+00:00"),
    ],
)
def test_it_looks_back_behind_the_watermark(learner, since, start, wanted):
    """On demande ce qui a changé depuis le filigrane moins LOOK_BACK ; sans --since, depuis minuit UTC de --start-date.

    Une ligne arrivée en retard porte un updated_at d'avant le filigrane : sans recul, personne ne la relit.
    """
    _, _, seen = changed(learner, one_page(), since, start)
    asked, error = outcome_of(lambda: datetime.fromisoformat(seen[0]["updated_since"]))
    tried = f"changed_days(since={since}, start_date={start}), updated_since demandé"
    verify_that(tried, error is None, wanted, seen)
    verify(tried, asked, datetime.fromisoformat(wanted))


@step("tp21.6", needs=EARLIER, hint="typed lève ValueError sur une ligne illisible : passez à la suivante.")
def test_an_unreadable_row_names_no_day(learner):
    """Une ligne illisible ne désigne aucun jour, et n'arrête pas la lecture.

    Elle sera mise en quarantaine quand son jour sera relu.
    """
    rows = [
        event(1, "31/02/2024", "2024-03-05T20:00:00Z"),
        event(None),
        event(2, "2024-03-05T10:00:00Z", "2024-03-05T10:00:01Z"),
    ]
    days, mark, _ = changed(learner, one_page(*rows), SINCE)
    verify("changed_days(options), deux lignes illisibles, jours", days, [date(2024, 3, 5)])
    verify("changed_days(options), deux lignes illisibles, filigrane", mark, "2024-03-05T10:00:01Z")


@step(
    "tp21.6",
    needs=(*EARLIER, "tp21.4"),
    hint="days_to_do appelle changed_days ; vérifiez ce que main imprime sous `watermark`.",
)
def test_an_increment_reads_only_the_days_that_changed(run, api, tmp_path):
    """En commande : un premier passage, puis un second qui ne relit que les jours changés, et rend le nouveau filigrane.

    C'est ce filigrane que n8n garde, et redonne à --since.
    """
    places = (
        "--output-dir",
        tmp_path / "b",
        "--quarantine-dir",
        tmp_path / "q",
        "--base-url",
        api.url,
        "--page-size",
        "1000",
        "--watermark",
        "updated_at",
    )
    api.switch("clock", "PUT", now="2024-01-09T00:00:00Z")
    first = run("ingest_api", *places, "--start-date", "2024-01-01")
    mark = success_of(first).get("watermark")
    verify_that(
        f"{first.line}, watermark",
        mark == "2024-01-08T23:59:50Z" or str(mark).startswith("2024-01-08T23:5"),
        "le dernier updated_at du 8 janvier",
        said(first),
    )
    api.switch("clock", "PUT", now="2024-01-10T00:00:00Z")
    second = run("ingest_api", *places, "--since", mark)
    result = success_of(second)
    verify_that(
        f"{second.line}, jours écrits",
        "2024-01-09" in result["partitions"]["written"]
        and "2024-01-01" not in result["partitions"]["written"],
        "le 9 et les jours corrigés, pas le 1er",
        result["partitions"],
    )
    verify_that(
        f"{second.line}, watermark",
        str(result.get("watermark")).startswith("2024-01-09T23:5"),
        "le dernier updated_at du 9 janvier",
        result.get("watermark"),
    )
