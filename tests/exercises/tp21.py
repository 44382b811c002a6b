"""TP2.1, de l'API au Parquet : ce que chaque étape doit savoir faire."""

import json
import logging
import os
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from checking import step, verify, verify_that
from n8n_runs import Workflow

PERIOD = ("--start-date", "2024-01-01", "--end-date", "2024-01-02")
JANUARY_FIRST, JANUARY_SECOND = date(2024, 1, 1), date(2024, 1, 2)
EARLIER = ("tp21.1", "tp21.2", "tp21.3")


# Étape 1 : la structure, les arguments, les journaux


@step(
    "tp21.1",
    hint='add("--start-date", type=…) : la fonction donnée par `type` reçoit le texte et rend la valeur.',
)
def test_the_four_arguments_are_read(learner):
    """Les quatre arguments du cours sont lus, chacun avec son type.

    n8n et le notebook appellent votre script par ces noms-là : c'est un contrat.
    """
    words = [*PERIOD, "--output-dir", "ailleurs", "--page-size", "50"]
    options = learner("ingest_api").build_parser().parse_args(words)
    tried = f"build_parser().parse_args({' '.join(words)!r}.split())"
    verify(f"{tried}.start_date", options.start_date, JANUARY_FIRST)
    verify(f"{tried}.end_date", options.end_date, JANUARY_SECOND)
    verify(f"str({tried}.output_dir)", str(options.output_dir), "ailleurs")
    verify(f"{tried}.page_size", options.page_size, 50)


@step("tp21.1", hint="`default=` donne la valeur d'un argument absent : 100 lignes par page, ./data/bronze.")
def test_page_size_and_output_dir_have_the_defaults_of_the_course(learner):
    """Sans --page-size ni --output-dir : 100 lignes par page, dans ./data/bronze.

    Un réglage par défaut raisonnable, et la commande la plus courante reste courte.
    """
    options = learner("ingest_api").build_parser().parse_args(PERIOD)
    verify("build_parser().parse_args([...]).page_size", options.page_size, 100)
    folder = Path(str(options.output_dir)).resolve()
    verify("build_parser().parse_args([...]).output_dir", folder, Path("data/bronze").resolve())


@step(
    "tp21.1",
    hint="Une date du calendrier s'écrit AAAA-MM-JJ, dix caractères ; date.fromisoformat refuse le 30 février, mais accepte 20240101.",
)
@pytest.mark.parametrize("text", ["2024-02-30", "2024-1-5", "20240105", "05/01/2024", "hier"])
def test_what_is_not_a_date_is_refused_by_name(learner, text):
    """Une date mal écrite est refusée, et le message la nomme.

    Une date mal lue ingère la mauvaise période en silence : mieux vaut s'arrêter tout de suite.
    """
    errors = learner("errors")
    tried = f"ingest_api.py --start-date {text}"
    try:
        options = (
            learner("ingest_api")
            .build_parser()
            .parse_args(["--start-date", text, "--end-date", "2024-03-01"])
        )
    except errors.IngestError as error:
        verify_that(tried, text in error.message, f"un message qui cite « {text} »", error.message)
        return
    verify_that(tried, False, "un refus", options.start_date)


@step("tp21.1", hint="Rendez un objet `date`, pas un `datetime` : un jour n'a pas d'heure.")
def test_a_date_is_read_as_a_date(learner):
    """Le 29 février 2024 existe, et se lit comme un jour.

    Un jour sans heure ni fuseau ne change pas de sens d'une machine à l'autre.
    """
    verify(
        'calendar_day("2024-02-29")', learner("command_line").calendar_day("2024-02-29"), date(2024, 2, 29)
    )


def logged(learner, capfd, *messages):
    logs = learner("logs")
    capfd.readouterr()
    logs.log_to_stderr("essai-1")
    for message in messages:
        logs.logger.info(message)
    for handler in logs.logger.handlers:
        handler.flush()
    return capfd.readouterr()


@step(
    "tp21.1",
    hint="N'écrivez pas le JSON à la main : un JsonFormatter (ou json.dumps) met lui-même guillemets et retours à la ligne en ordre.",
)
def test_a_log_line_is_json_whatever_the_message_holds(learner, capfd):
    """Chaque ligne de journal est du JSON, même si le message contient des guillemets ou un retour à la ligne.

    C'est ce qui permet à `jq`, ou à n8n, de les lire toutes, y compris celles du jour où tout va mal.
    """
    message = 'page "3" lue\nen deux lignes'
    lines = logged(learner, capfd, message).err.splitlines()
    tried = f"log_to_stderr('essai-1') ; logger.info({message!r})"
    verify(f"{tried}, nombre de lignes sur stderr", len(lines), 1)
    try:
        entry = json.loads(lines[0])
    except ValueError:
        verify_that(tried, False, "une ligne de JSON valide", lines[0])
    verify(f"{tried}, message", entry.get("message"), message)
    verify(f"{tried}, level", entry.get("level"), "INFO")
    verify(
        f"{tried}, run_id",
        entry.get("run_id"),
        "essai-1",
        hint="static_fields ajoute une clé à chaque ligne.",
    )


@step(
    "tp21.1",
    hint="`timestamp` de JsonFormatter, ou datetime.now(UTC).isoformat() : une heure sans fuseau est une heure locale, donc ambiguë.",
)
def test_a_log_line_bears_its_utc_time(learner, capfd):
    """L'heure d'une ligne de journal est en UTC, et le dit.

    À 2 h du matin, une nuit d'automne, une heure locale existe deux fois.
    """
    lines = logged(learner, capfd, "bonjour").err.splitlines()
    said = json.loads(lines[0]).get("time")
    verify_that("logger.info(…), clé « time »", isinstance(said, str), "un instant ISO 8601", said)
    instant = datetime.fromisoformat(said)
    verify_that(
        "logger.info(…), clé « time »", instant.utcoffset() == timedelta(0), "un instant UTC (+00:00)", said
    )
    verify_that(
        "logger.info(…), clé « time »",
        abs(datetime.now(UTC) - instant) < timedelta(minutes=1),
        "maintenant",
        said,
    )


@step(
    "tp21.1",
    hint="StreamHandler(sys.stderr) ; et remplacez `logger.handlers` au lieu d'en ajouter un à chaque appel. propagate = False.",
)
def test_logs_go_to_stderr_once(learner, capfd):
    """Les journaux vont sur stderr, une seule fois, même si on les règle deux fois.

    stdout est réservé au résultat : un journal qui s'y glisse empêche n8n de le lire.
    """
    learner("logs").log_to_stderr("avant")
    logging.getLogger().handlers or logging.basicConfig()
    printed = logged(learner, capfd, "une fois")
    verify("logger.info('une fois'), sur stdout", printed.out, "")
    verify("logger.info('une fois'), lignes sur stderr", len(printed.err.splitlines()), 1)


# Étape 2 : les appels, les reprises, les pages


def client(learner, api, **settings):
    return learner("fetch").ApiClient(api.url, **{"max_attempts": 3, "max_wait": 10.0, **settings})


def outcome_of(learner, call):
    """(what the call gave or None, the IngestError it raised or None)."""
    try:
        return call(), None
    except learner("errors").IngestError as error:
        return None, error


@step(
    "tp21.2",
    hint="Un 404 restera un 404 : IngestError, pas TransientError. Seuls 408, 425, 429 et les 5xx méritent une reprise.",
)
@pytest.mark.parametrize(("kind", "code"), [("404", "not_found"), ("401", "unauthorized")])
def test_a_definitive_refusal_is_asked_only_once(learner, api, waits, kind, code):
    """Un refus définitif (404, 401) n'est demandé qu'une fois.

    Recommencer une requête fausse ne la rend pas juste : cela charge l'API et retarde le message.
    """
    api.switch("faults", kind=kind, rate=1)
    _, error = outcome_of(learner, lambda: client(learner, api).get("/api/events", {"limit": 1}))
    tried = f"ApiClient(…).get('/api/events'), l'API répondant {kind}"
    verify_that(tried, error is not None, "une IngestError", "aucune erreur")
    verify(f"{tried}, nombre de requêtes", api.requests(), 1)
    verify(f"{tried}, code de l'erreur", error.code, code)


@step(
    "tp21.2",
    hint="Un paramètre refusé (422) l'est pour toujours ; le début du corps dit pourquoi : mettez-le dans le message.",
)
def test_a_refused_parameter_is_told_with_what_the_api_says(learner, api, waits):
    """Un paramètre refusé (422) échoue tout de suite, avec l'explication de l'API.

    La phrase de l'API est souvent la seule qui dise quoi corriger.
    """
    _, error = outcome_of(learner, lambda: client(learner, api).get("/api/events", {"limit": 0}))
    tried = "ApiClient(…).get('/api/events', {'limit': 0})"
    verify_that(tried, error is not None, "une IngestError", "aucune erreur")
    verify(f"{tried}, nombre de requêtes", api.requests(), 1)
    verify_that(
        tried, "limit" in error.message, "un message qui reprend ce que l'API dit de « limit »", error.message
    )


@step(
    "tp21.2",
    hint="503 et 429 passent souvent tout seuls : levez `_transient(...)`, et que `retrying` recommence sur TransientError.",
)
@pytest.mark.parametrize("kind", ["503", "429", "500"])
def test_a_passing_failure_is_tried_again(learner, api, waits, kind):
    """Une panne passagère (500, 503, 429) ne fait pas échouer le passage.

    Les API tombent quelques secondes tous les jours ; personne ne doit se lever pour cela.
    """
    api.switch("faults", kind=kind, next=2)
    answer, error = outcome_of(learner, lambda: client(learner, api).get("/api/events", {"limit": 5}))
    tried = f"ApiClient(…, max_attempts=3).get('/api/events'), deux réponses {kind} puis une bonne"
    verify_that(tried, error is None, "cinq lignes", f"l'erreur « {error} »")
    verify(f"{tried}, nombre de lignes", len(answer.rows), 5)
    verify(f"{tried}, nombre de requêtes", api.requests(), 3)


@step(
    "tp21.2",
    hint="stop_after_attempt(max_attempts) compte les essais, le premier compris ; reraise=True laisse sortir l'erreur d'origine.",
)
def test_it_gives_up_after_the_last_attempt(learner, api, waits):
    """Après `max_attempts` essais, on renonce, avec l'erreur de l'API et non celle de la bibliothèque.

    Sans fin, les reprises font d'une panne de l'API une panne de tout le monde.
    """
    api.switch("faults", kind="503", rate=1)
    tried = "ApiClient(…, max_attempts=3).get('/api/events'), l'API répondant toujours 503"
    answer, error = outcome_of(learner, lambda: client(learner, api).get("/api/events", {"limit": 5}))
    verify_that(tried, error is not None, "une IngestError", answer)
    verify(f"{tried}, nombre de requêtes", api.requests(), 3)
    verify(f"{tried}, code de l'erreur", error.code, "server_error")


@step("tp21.2", hint="`max(...)` de l'attente tirée au hasard et de ce que l'API a demandé : jamais moins.")
def test_retry_after_is_respected(learner, api, waits):
    """Quand l'API demande d'attendre 7 secondes, on attend au moins 7 secondes.

    Revenir avant, c'est être refusé encore, parfois banni.
    """
    api.switch("faults", kind="429", next=1, retry_after=7)
    outcome_of(learner, lambda: client(learner, api).get("/api/events", {"limit": 1}))
    tried = "ApiClient(…).get('/api/events'), une réponse 429 avec Retry-After: 7"
    verify_that(f"{tried}, attente", sum(waits) >= 7, "au moins 7 s", f"{sum(waits):.2f} s")


def waits_of_failing_calls(learner, waits, calls, attempts):
    """The waits of each of `calls` calls that always fail, none of them waited."""
    retry = learner("retry")

    def fail():
        raise retry.TransientError("server_error", "503")

    series = []
    for _ in range(calls):
        waits.clear()
        with suppress(retry.TransientError):
            retry.retrying(attempts, 10.0, 300.0)(fail)
        series.append(list(waits))
    return series


@step(
    "tp21.2",
    hint="wait_random_exponential : une attente qui double à chaque essai, tirée au hasard dans l'intervalle.",
)
def test_waits_grow_and_are_random(learner, waits):
    """Les attentes grandissent d'un essai à l'autre, et portent du hasard.

    Sans hasard, tous les clients qu'une panne a surpris reviennent ensemble, et la relancent.
    """
    series = waits_of_failing_calls(learner, waits, calls=30, attempts=4)
    tried = "retrying(4, 10, 300)(une fonction qui échoue toujours), trente fois"
    verify_that(
        f"{tried}, nombre d'attentes", {len(one) for one in series} == {3}, "trois à chaque fois", series[0]
    )
    means = [sum(one[rank] for one in series) / len(series) for rank in range(3)]
    shown = ", ".join(f"{mean:.2f} s" for mean in means)
    verify_that(f"{tried}, attente moyenne", means[0] < means[1] < means[2], "de plus en plus longue", shown)
    distinct = len({round(one[0], 6) for one in series})
    verify_that(f"{tried}, premières attentes différentes", distinct > 10, "presque toutes", distinct)
    longest = max(max(one) for one in series)
    verify_that(f"{tried}, plus longue attente", longest <= 10, "10 s au plus", f"{longest:.2f} s")


@step("tp21.2", hint="Une attente au hasard peut tomber sur zéro : donnez-lui un minimum (`min=`).")
def test_retry_after_zero_is_not_a_hot_loop(learner, waits):
    """Même si l'API répond Retry-After: 0, on attend un peu.

    Trois requêtes dans la même milliseconde ne sont pas trois essais.
    """
    shortest = min(
        min(one, default=0) for one in waits_of_failing_calls(learner, waits, calls=30, attempts=2)
    )
    verify_that(
        "retrying(2, 10, 300)(…), attente la plus courte",
        shortest > 0.01,
        "plus de 0,01 s",
        f"{shortest:.3f} s",
    )


@step(
    "tp21.2",
    hint="La dernière page peut être pleine, et une page courte n'est pas toujours la dernière : demandez à `_has_more`, qui lit ce que dit l'API.",
)
@pytest.mark.parametrize("size", [10, 30, 100])
def test_numbered_pages_give_every_row_once(learner, api, size):
    """Page après page, chaque ligne vient une fois, même quand la dernière page est exactement pleine.

    Deviner la fin à la longueur d'une page perd des lignes, ou en demande une de trop.
    """
    resource = learner("resources").RESOURCES["posts"]
    pages = learner("pagination").by_page(client(learner, api), resource, {}, size)
    ids = [row["id"] for page in pages for row in page.rows]
    verify(f"by_page(client, posts, {{}}, {size}), identifiants", ids, list(range(1, 101)))


@step(
    "tp21.2",
    hint="Passez à chaque requête le `next_cursor` de la réponse précédente, `params` compris, jusqu'à ce qu'il manque.",
)
@pytest.mark.parametrize("size", [100, 1000])
def test_cursor_pages_give_every_row_of_the_day_once(learner, api, size):
    """De curseur en curseur, chaque ligne du jour vient une fois, et seulement celles du jour.

    Le curseur est le marque-page de l'API : vous n'avez ni à le calculer ni à le comprendre.
    """
    truth = [row.get("id") for row in api.rows("/api/events", date="2024-01-03")]
    events = learner("resources").RESOURCES["events"]
    pages = learner("pagination").by_cursor(client(learner, api), events, {"date": "2024-01-03"}, size)
    ids = [row.get("id") for page in pages for row in page.rows]
    tried = f"by_cursor(client, events, {{'date': '2024-01-03'}}, {size})"
    verify(f"{tried}, nombre de lignes", len(ids), len(truth))
    verify_that(
        f"{tried}, identifiants", sorted(map(str, ids)) == sorted(map(str, truth)), "ceux de l'API", ids
    )


@step(
    "tp21.2", hint='Retenez les curseurs déjà vus, et levez IngestError("cursor_loop", …) si l\'un revient.'
)
def test_a_cursor_that_comes_back_is_an_error_not_a_loop(learner):
    """Une API qui rend toujours le même curseur donne une erreur, pas une boucle sans fin.

    Les API ont des bogues ; à trois heures du matin, une erreur claire vaut mieux qu'un disque plein.
    """
    answer = learner("answer").Answer(
        [b'{"data":[{"id":1}],"next_cursor":"abc","has_more":true}'], {}, "/api/events"
    )
    asked = []

    class SameAnswer:
        def get(self, path, params):
            asked.append(params)
            verify_that(
                "by_cursor(…), l'API rendant toujours le curseur « abc »",
                len(asked) < 20,
                "une IngestError",
                "plus de 20 requêtes",
            )
            return answer

    events = learner("resources").RESOURCES["events"]
    _, error = outcome_of(learner, lambda: list(learner("pagination").by_cursor(SameAnswer(), events, {}, 1)))
    verify_that(
        "by_cursor(…), l'API rendant toujours le curseur « abc »",
        error is not None,
        "une IngestError",
        "aucune erreur",
    )


# Étape 3 : un fichier par jour, d'un seul geste


@step(
    "tp21.3",
    hint="Le nom ne dépend que du jour : ni de l'heure, ni d'un identifiant tiré au hasard. Sinon un second passage double le jour.",
)
def test_a_day_always_has_the_same_file_name(learner):
    """Le même jour donne toujours le même nom de fichier.

    C'est ce qui rend le passage idempotent : relancé, il remplace au lieu d'ajouter.
    """
    names = {learner("partitions").partition_name(JANUARY_FIRST) for _ in range(3)}
    verify_that(
        "partition_name(date(2024, 1, 1)), trois fois",
        len(names) == 1,
        "trois fois le même nom",
        sorted(names),
    )
    other = learner("partitions").partition_name(JANUARY_SECOND)
    verify_that(
        "partition_name(date(2024, 1, 2))", other not in names, "un autre nom que celui du 1er", other
    )


@step(
    "tp21.3",
    hint="partition_date=AAAA-MM-JJ est la convention de Hive : pandas, Spark et DuckDB y lisent une colonne.",
)
def test_the_folder_follows_the_hive_convention(learner):
    """Le dossier s'appelle partition_date=AAAA-MM-JJ, le fichier finit par .parquet.

    Les outils d'analyse savent alors ne lire que les jours demandés.
    """
    name = learner("partitions").partition_name(JANUARY_FIRST)
    folder, _, file = name.partition("/")
    verify("partition_name(date(2024, 1, 1)), dossier", folder, "partition_date=2024-01-01")
    readable = file.endswith(".parquet") and file[:1] not in ("_", ".")
    verify_that(
        "partition_name(date(2024, 1, 1)), fichier",
        readable,
        "un nom en .parquet, sans point ni souligné devant",
        file,
    )


def rows_at(learner, *instants):
    resource = learner("resources").RESOURCES["events"]
    times = pa.array(instants, pa.timestamp("us", tz="UTC"))
    columns = {field.name: pa.nulls(len(instants), field.type) for field in resource.schema}
    columns |= {
        "id": pa.array(range(1, len(instants) + 1), pa.int64()),
        "event_time": times,
        "_extra": pa.nulls(len(instants), pa.string()),
    }
    return pa.table(columns), resource


@step(
    "tp21.3",
    hint="Le jour d'une ligne se lit dans son propre `event_time`, en UTC : ni le jour demandé, ni le jour local.",
)
def test_a_row_goes_to_the_day_of_its_own_event(learner):
    """Une ligne va dans le jour de son propre événement, en UTC.

    Ranger tout sous la date de début fausse chaque total par jour, sans aucune erreur.
    """
    last_second, midnight = datetime(2024, 1, 1, 23, 59, 59, tzinfo=UTC), datetime(2024, 1, 2, tzinfo=UTC)
    table, resource = rows_at(learner, last_second, midnight, midnight + timedelta(hours=5))
    groups = learner("publish").group_by_day(table, resource)
    got = {day: part["id"].to_pylist() for day, part in groups.items()}
    verify(
        "group_by_day(trois lignes : 1er à 23:59:59, 2 à 00:00, 2 à 05:00), identifiants par jour",
        got,
        {JANUARY_FIRST: [1], JANUARY_SECOND: [2, 3]},
    )


@step(
    "tp21.3",
    hint="Vérifiez que chaque ligne se retrouve dans un groupe et un seul, et que les groupes d'une table vide sont vides.",
)
def test_no_row_is_lost_while_grouping(learner):
    """Aucune ligne ne se perd en rangeant, ni sur un mois, ni sur une table vide.

    Une ligne perdue en silence ne se retrouve jamais.
    """
    instants = [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=7 * index) for index in range(100)]
    table, resource = rows_at(learner, *instants)
    groups = learner("publish").group_by_day(table, resource)
    verify("group_by_day(100 lignes), lignes en tout", sum(part.num_rows for part in groups.values()), 100)
    verify("group_by_day(100 lignes), jours", len(groups), len({instant.date() for instant in instants}))
    verify(
        "group_by_day(une table vide)", dict(learner("publish").group_by_day(table.slice(0, 0), resource)), {}
    )


@step(
    "tp21.3",
    hint="La même valeur sur chaque ligne : pa.array([valeur] * table.num_rows, type), ou pa.repeat. Puis les colonnes dans l'ordre de file_schema.",
)
def test_metadata_columns_say_when_and_from_where(learner):
    """_ingested_at, _source et _partition_date accompagnent chaque ligne.

    Dans six mois, ces trois colonnes diront d'où vient une ligne, et quand elle est arrivée.
    """
    table, resource = rows_at(
        learner, datetime(2024, 1, 1, 8, tzinfo=UTC), datetime(2024, 1, 1, 9, tzinfo=UTC)
    )
    now = datetime(2024, 4, 1, 12, 30, tzinfo=UTC)
    done = learner("bronze").add_metadata(table, resource, JANUARY_FIRST, now)
    tried = "add_metadata(deux lignes, events, date(2024, 1, 1), 2024-04-01T12:30Z)"
    verify(f"{tried}, colonnes", done.schema.names, resource.file_schema.names)
    verify(f"{tried}, _ingested_at", done["_ingested_at"].to_pylist(), [now, now])
    verify(f"{tried}, _source", done["_source"].to_pylist(), [resource.path] * 2)
    verify(f"{tried}, _partition_date", done["_partition_date"].to_pylist(), [JANUARY_FIRST] * 2)
    verify_that(
        f"{tried}, types",
        done.schema.equals(resource.file_schema),
        "ceux de resource.file_schema",
        str(done.schema),
    )


@step("tp21.3", hint="Écrivez dans un autre fichier du même dossier, puis `temporary.replace(path)`.")
def test_the_new_content_takes_the_place_of_the_old(learner, tmp_path):
    """À la fin du bloc, le nouveau contenu a pris la place de l'ancien, et rien ne traîne.

    Un fichier provisoire oublié finit toujours par être lu par quelqu'un.
    """
    path = tmp_path / "nouveau" / "data.parquet"
    for content in (b"ancien", b"nouveau"):
        with learner("atomic").replace_file(path) as stream:
            stream.write(content)
    verify("replace_file(chemin), contenu à la fin", path.read_bytes(), b"nouveau")
    verify(
        "replace_file(chemin), fichiers du dossier",
        [file.name for file in path.parent.iterdir()],
        ["data.parquet"],
    )


@step(
    "tp21.3",
    hint="Tant que le bloc n'est pas fini, on écrit à côté, sous un nom qui commence par un point : `path` garde l'ancien contenu.",
)
def test_a_reader_never_sees_half_a_file(learner, tmp_path):
    """Pendant l'écriture, un lecteur voit l'ancien fichier entier, et rien d'autre.

    L'analyste qui lit à cet instant n'a pas à savoir que vous écrivez.
    """
    path = tmp_path / "data.parquet"
    path.write_bytes(b"ancien")
    with learner("atomic").replace_file(path) as stream:
        stream.write(b"la moi")
        stream.flush()
        seen = path.read_bytes() if path.exists() else None
        visible = sorted(file.name for file in tmp_path.glob("[!._]*.parquet"))
        stream.write(b"tie")
    verify("with replace_file(chemin) : contenu vu pendant l'écriture", seen, b"ancien")
    verify(
        "with replace_file(chemin) : fichiers .parquet visibles pendant l'écriture", visible, ["data.parquet"]
    )


@step(
    "tp21.3",
    hint="`except BaseException:` supprime le provisoire puis relève l'erreur : même Ctrl-C ne doit rien laisser derrière lui.",
)
@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt])
def test_a_failed_write_leaves_the_old_file(learner, tmp_path, failure):
    """Si l'écriture échoue, l'ancien fichier reste tel qu'il était, et l'erreur sort.

    Un jour à moitié écrit qui a l'air fait est pire qu'un jour absent.
    """
    path = tmp_path / "data.parquet"
    path.write_bytes(b"ancien")
    raised = None
    try:
        with learner("atomic").replace_file(path) as stream:
            stream.write(b"la moi")
            raise failure("coupure")
    except failure as error:
        raised = error
    tried = f"with replace_file(chemin), interrompu par {failure.__name__}"
    verify_that(tried, raised is not None, "que l'erreur sorte du bloc", "aucune erreur")
    verify(f"{tried}, contenu", path.read_bytes(), b"ancien")
    verify(f"{tried}, fichiers du dossier", [file.name for file in tmp_path.iterdir()], ["data.parquet"])


@step(
    "tp21.3",
    hint="stream.flush() vide le tampon de Python, os.fsync(stream.fileno()) celui du système ; puis seulement le renommage.",
)
def test_bytes_are_on_disk_before_the_rename(learner, tmp_path, monkeypatch):
    """Les octets sont sur le disque avant le renommage.

    Sans cela, une coupure de courant peut laisser le bon nom sur un fichier vide.
    """
    order = []

    def recorded(name):
        original = getattr(os, name)

        def call(*arguments, **options):
            order.append(name)
            return original(*arguments, **options)

        monkeypatch.setattr(os, name, call)

    for name in ("fsync", "replace", "rename"):
        recorded(name)
    with learner("atomic").replace_file(tmp_path / "data.parquet") as stream:
        stream.write(b"x")
    first = [name for name in order if name != "rename"][:1] if "replace" in order else order[:1]
    verify_that(
        "replace_file(chemin), ordre des appels au système",
        first == ["fsync"],
        "fsync, puis le renommage",
        " puis ".join(order) or "aucun",
    )


# Étape 4 : le résultat


def ran(learner, capfd, action, failure=None):
    """(exit code, stdout, stderr) of command_line.run."""
    capfd.readouterr()
    code = learner("command_line").run(action, failure=failure or {})
    out, err = capfd.readouterr()
    return code, out, err


def parsed(tried, out):
    lines = out.strip().splitlines()
    verify_that(f"{tried}, stdout", len(lines) == 1, "exactement une ligne", out)
    try:
        return json.loads(lines[0])
    except ValueError:
        verify_that(f"{tried}, stdout", False, "du JSON (json.dumps, pas str)", out)


@step(
    "tp21.4",
    hint="print(json.dumps(result, ensure_ascii=False)) et rien d'autre sur stdout ; le code vaut 0 si status vaut « success ».",
)
def test_a_success_is_one_json_object_and_code_0(learner, capfd):
    """Un succès : un seul objet JSON sur stdout, code de sortie 0.

    n8n lit la dernière ligne ; un mot de trop, et le workflow ne sait plus rien.
    """
    result = {"status": "success", "records_count": 3, "note": "été « 24 »"}
    code, out, _ = ran(learner, capfd, lambda: result)
    verify("run(lambda: {'status': 'success', …}), code", code, 0)
    verify("run(lambda: {'status': 'success', …}), stdout", parsed("run(…)", out), result)


@step("tp21.4", hint="Le code de sortie suit `result['status']` : FAILED quand il ne vaut pas « success ».")
def test_a_result_in_error_is_code_1(learner, capfd):
    """Un résultat dont `status` vaut « error » sort avec le code 1.

    Un échec qui sort avec 0 est un échec que personne ne verra.
    """
    result = {"status": "error", "error": {"code": "empty_day", "message": "rien"}}
    code, out, _ = ran(learner, capfd, lambda: result)
    verify("run(lambda: {'status': 'error', …}), code", code, 1)
    verify("run(lambda: {'status': 'error', …}), stdout", parsed("run(…)", out)["error"]["code"], "empty_day")


@step(
    "tp21.4",
    hint="except IngestError as error : {'status': 'error', **failure, 'error': error.as_dict()}, et error.exit_code.",
)
@pytest.mark.parametrize("exit_code", [1, 2])
def test_an_expected_error_keeps_its_code_and_message(learner, capfd, exit_code):
    """Une IngestError devient un résultat : son code, son message, son code de sortie.

    Le code est pour le workflow qui branche, la phrase pour la personne qui lit.
    """
    errors = learner("errors")

    def fail():
        raise errors.IngestError("disk_full", 'Plus de place sur "D:".', exit_code)

    code, out, err = ran(learner, capfd, fail, failure={"records_count": 0})
    tried = f"run(une action qui lève IngestError('disk_full', …, {exit_code}))"
    result = parsed(tried, out)
    verify(f"{tried}, code de sortie", code, exit_code)
    verify(f"{tried}, status", result.get("status"), "error")
    verify(
        f"{tried}, error", result.get("error"), {"code": "disk_full", "message": 'Plus de place sur "D:".'}
    )
    verify(f"{tried}, les clés de `failure`", result.get("records_count"), 0)
    verify(
        f"{tried}, lignes de stderr qui sont du JSON",
        [isinstance(json.loads(line), dict) for line in err.splitlines()],
        [True],
    )


@step(
    "tp21.4",
    hint="Un dernier `except Exception as error` : aucune trace de pile ne doit sortir, et le code vaut 1.",
)
def test_an_unexpected_exception_is_told_too(learner, capfd):
    """Une exception imprévue devient aussi un résultat, en une phrase, code 1.

    Une trace de pile sur stderr, et rien sur stdout : n8n n'a plus rien à afficher.
    """

    def fail():
        return {}["absent"]

    try:
        code, out, err = ran(learner, capfd, fail)
    except KeyError:
        verify_that(
            "run(une action qui lève KeyError)",
            False,
            "un résultat en erreur",
            "l'exception elle-même, sortie de run",
        )
    result = parsed("run(une action qui lève KeyError)", out)
    verify("run(une action qui lève KeyError), code", code, 1)
    verify("run(une action qui lève KeyError), status", result.get("status"), "error")
    said = result.get("error", {}).get("message")
    verify_that("run(une action qui lève KeyError), message", bool(said), "une phrase", said)
    verify_that(
        "run(une action qui lève KeyError), stderr", "Traceback" not in err, "pas de trace de pile", err
    )


@pytest.fixture
def first_run(run, api):
    return run("ingest_api", *PERIOD, "--output-dir", "bronze", "--base-url", api.url, "--page-size", "1000")


def truth_by_day(api):
    """{day: ids} of the readable rows the API holds, read without the trainee's code."""
    rows = {day: api.rows("/api/events", date=day) for day in ("2024-01-01", "2024-01-02")}
    return {day: {row["id"] for row in found if is_sound(row)} for day, found in rows.items()}


def is_sound(row):
    owner, amount = row.get("user_id"), row.get("amount")
    return (
        "id" in row
        and row["event_time"][0] == "2"
        and not isinstance(owner, dict)
        and not isinstance(amount, str)
    )


@step(
    "tp21.4",
    hint="Les clés : status, records_count, output_file, output_files, ingestion_date, quarantined, watermark, partitions, rows.",
    needs=EARLIER,
)
def test_a_whole_run_gives_the_keys_of_the_course(first_run, api):
    """Un vrai passage de deux jours rend les clés du cours, justes.

    C'est le contrat avec n8n : ce qui n'est pas dans ce JSON n'existe pas pour lui.
    """
    result = parsed(first_run.line, first_run.stdout)
    truth = truth_by_day(api)
    verify(f"{first_run.line}, code", first_run.code, 0)
    verify(f"{first_run.line}, status", result.get("status"), "success")
    verify(f"{first_run.line}, records_count", result.get("records_count"), sum(map(len, truth.values())))
    verify(f"{first_run.line}, partitions.written", result.get("partitions", {}).get("written"), list(truth))
    files = result.get("output_files") or []
    verify(f"{first_run.line}, nombre d'output_files", len(files), 2)
    verify(f"{first_run.line}, output_file", result.get("output_file"), files[0])
    verify_that(
        f"{first_run.line}, quarantined",
        result.get("quarantined", 0) > 0,
        "les lignes refusées, comptées",
        result.get("quarantined"),
    )
    instant = datetime.fromisoformat(result["ingestion_date"])
    verify_that(
        f"{first_run.line}, ingestion_date",
        instant.tzinfo is not None,
        "un instant avec fuseau",
        result["ingestion_date"],
    )


@step(
    "tp21.4",
    hint="--end-date est compris : days_between(start, end) rend aussi le dernier jour.",
    needs=EARLIER,
)
def test_every_row_is_in_the_partition_of_its_day(first_run, api, tmp_path):
    """Chaque jour de la période a son fichier, dernier compris, avec les lignes de ce jour.

    Une date de fin ignorée ne se voit pas : il manque un jour, et tout est vert.
    """
    parsed(first_run.line, first_run.stdout)
    for day, ids in truth_by_day(api).items():
        files = sorted((tmp_path / "bronze" / f"partition_date={day}").glob("*.parquet"))
        verify(f"{first_run.line}, fichiers du {day}", len(files), 1)
        written = set(pq.ParquetFile(files[0]).read(["id"])["id"].to_pylist())
        verify_that(
            f"{first_run.line}, lignes du {day}",
            written == ids,
            f"{len(ids)} lignes, celles de l'API",
            f"{len(written)} lignes",
        )


@step(
    "tp21.4",
    hint="Relancé, le passage doit remplacer : même nom de fichier, une ligne par identifiant.",
    needs=EARLIER,
)
def test_running_twice_doubles_nothing(first_run, run, api, tmp_path):
    """Lancé deux fois, le passage ne double rien.

    Dans la vraie vie, tout est lancé deux fois un jour ou l'autre.
    """
    parsed(first_run.line, first_run.stdout)
    before = {path: path.read_bytes() for path in (tmp_path / "bronze").rglob("*.parquet")}
    again = run("ingest_api", *PERIOD, "--output-dir", "bronze", "--base-url", api.url, "--page-size", "1000")
    after = {path: path.read_bytes() for path in (tmp_path / "bronze").rglob("*.parquet")}
    verify(f"{again.line}, deux fois : fichiers", sorted(map(str, after)), sorted(map(str, before)))
    verify_that(
        f"{again.line}, deux fois : contenu", after == before, "les mêmes octets", "des fichiers changés"
    )
    verify(
        f"{again.line}, deux fois : partitions.unchanged",
        parsed(again.line, again.stdout)["partitions"]["unchanged"],
        ["2024-01-01", "2024-01-02"],
    )


@step(
    "tp21.4",
    hint="outcome.failures n'est pas vide : status « error », `error` celui du premier jour, `failed` par jour.",
    needs=EARLIER,
)
def test_a_failed_run_says_so(run, api, waits):
    """Quand l'API refuse, le passage échoue avec un code et une phrase, sortie 1.

    L'opérateur de nuit lit cette phrase, pas votre code.
    """
    api.switch("faults", kind="404", rate=1)
    done = run("ingest_api", *PERIOD, "--output-dir", "bronze", "--base-url", api.url)
    result = parsed(done.line, done.stdout)
    tried = f"{done.line}, l'API répondant 404"
    verify(f"{tried}, code", done.code, 1)
    verify(f"{tried}, status", result.get("status"), "error")
    verify(f"{tried}, error.code", result.get("error", {}).get("code"), "not_found")
    verify_that(
        f"{tried}, failed",
        "2024-01-01" in result.get("failed", {}),
        "chaque jour échoué, avec son erreur",
        result.get("failed"),
    )


# Étape 5 : n8n exécute votre script


@pytest.fixture
def ingestion():
    checkpoints = tuple(f"labTp21Etape5p{part}" for part in range(1, 6))
    return Workflow("Ingestion incrémentale", ("labIngestion0001", *checkpoints))


@step(
    "tp21.5",
    hint="Nœud « Paramètres » du workflow : mettez `labs` dans `scripts`, videz `watermark`, enregistrez, puis exécutez.",
)
def test_n8n_ran_your_script(ingestion):
    """n8n a lancé votre script, pas la référence.

    Même workflow, un mot de changé : n8n orchestre, il ne contient pas la logique.
    """
    nodes = ingestion.last_with_labs()
    verify_that(
        "dernière exécution avec `labs`, nœuds",
        "Ingérer" in nodes,
        "le nœud « Ingérer » exécuté",
        sorted(nodes),
    )


@step(
    "tp21.5",
    hint="Ouvrez le nœud « Lire le résultat de l'ingestion » : error.message dit ce qui n'a pas marché.",
)
def test_your_script_succeeded_in_n8n(ingestion):
    """Votre script a réussi dans n8n, et n8n a lu son résultat.

    Le JSON que vous imprimez est tout ce que n8n sait du passage.
    """
    nodes = ingestion.last_with_labs()
    result = nodes.get("Lire le résultat de l'ingestion", [{}])[0]
    said = result.get("error", {}).get("message", "aucun résultat")
    verify_that(
        "dernière exécution dans n8n, status",
        result.get("status") == "success",
        "success",
        f"{result.get('status')} ({said})",
    )


@step("tp21.5", hint="Suivez la branche verte dans l'éditeur : la notification part du dernier nœud.")
def test_n8n_notified_someone(ingestion):
    """Une notification est partie, de succès ou d'échec.

    Un passage dont personne n'apprend l'issue est un passage qu'il faut aller surveiller.
    """
    sent = sorted(name for name in ingestion.last_with_labs() if name.startswith("Notifier"))
    verify_that("dernière exécution dans n8n, nœuds « Notifier… » exécutés", bool(sent), "au moins un", sent)


@step(
    "tp21.5",
    hint="Dans « Ingérer », passez tous les paramètres en base64, en un seul mot : -b {{ JSON.stringify($json).base64Encode() }}.",
)
def test_no_parameter_is_pasted_into_the_shell(ingestion):
    """Aucun paramètre n'est collé dans une commande : ils voyagent en base64.

    Dès qu'un webhook fournit la date, « 2024-01-01; rm -rf ~ » est aussi une date.
    """
    pasted = ingestion.pasted_parameters()
    verify_that(
        "les commandes du workflow, ce que le shell lirait tel quel",
        not pasted,
        "rien hors de base64Encode()",
        pasted,
    )


# Étape 6 : pour aller plus loin, l'incrément et son filigrane


JANUARY_NOON = datetime(2024, 1, 5, 12, tzinfo=UTC)


@step(
    "tp21.6",
    hint="La borne est comprise (>=) : n'ajoutez rien au filigrane. Des lignes de la même seconde ont pu manquer la dernière fois.",
)
@pytest.mark.parametrize("hours", [0, 72])
def test_reading_starts_at_the_watermark_itself(learner, hours):
    """On relit à partir du filigrane lui-même, ou d'un peu avant.

    Deux lignes portent souvent la même seconde ; avec « > », la seconde est perdue pour toujours.
    """
    mark = learner("watermark").Watermark("events", "updated_at", JANUARY_NOON)
    got = mark.read_from(timedelta(hours=hours))
    verify(f"Watermark(…, 5 janvier à midi).read_from({hours} h)", got, JANUARY_NOON - timedelta(hours=hours))


@step("tp21.6", hint="max(self.value, value), sauf pour un curseur ; et None veut dire que rien n'a été lu.")
def test_a_watermark_never_goes_back(learner):
    """Le filigrane ne recule jamais, et ne se perd pas un jour sans ligne.

    Une relecture regarde en arrière : elle ne doit pas faire tout recommencer.
    """
    watermark = learner("watermark").Watermark
    for kind, value, read, wanted in (
        ("last_id", 100, 40, 100),
        ("last_id", 100, 140, 140),
        ("last_id", 100, None, 100),
        ("last_id", None, 40, 40),
        ("cursor", "zzz", "aaa", "aaa"),
    ):
        verify(
            f"Watermark(…, '{kind}', {value!r}).advanced({read!r}).value",
            watermark("events", kind, value).advanced(read).value,
            wanted,
        )


@pytest.fixture
def increment(run, api):
    """increment(…): one incremental run from January 3 on, the clock on the 4th."""
    api.switch("clock", "PUT", now="2024-01-04T00:00:00Z")

    def call(*more):
        return run(
            "ingest_api", "--watermark", "updated_at", "--start-date", "2024-01-03", "--output-dir", "bronze",
            "--state-dir", "etat", "--base-url", api.url, "--page-size", "1000", "--max-wait", "0.01", *more,
        )  # fmt: skip

    return call


def state(tmp_path):
    path = tmp_path / "etat" / "events.updated_at.json"
    return json.loads(path.read_text(encoding="utf-8"))["value"] if path.exists() else None


@step(
    "tp21.6",
    hint="watermark.commit(options.state_dir, mark) après `ingest_increment`, puis `ingestion_result` avec le nouveau filigrane.",
    needs=(*EARLIER, "tp21.4", "tp23.1", "tp23.2"),
)
def test_the_watermark_is_saved_and_moves_on(increment, api, tmp_path):
    """Le filigrane est enregistré, et le passage suivant part de lui.

    Sans lui, chaque passage relit tout depuis le premier jour.
    """
    first = increment()
    verify_that(first.line, first.code == 0, "un passage réussi", first.stdout or first.stderr)
    before = state(tmp_path)
    verify(f"{first.line}, filigrane enregistré", before, first.result.get("watermark"))
    api.switch("clock", "PUT", now="2024-01-06T00:00:00Z")
    second = increment()
    verify(
        f"{second.line}, deux jours après : partitions.written",
        second.result["partitions"]["written"][-2:],
        ["2024-01-04", "2024-01-05"],
    )
    verify_that(
        f"{second.line}, deux jours après : filigrane",
        state(tmp_path) > before,
        f"plus que {before}",
        state(tmp_path),
    )


@step(
    "tp21.6",
    hint="Enregistrez le filigrane en dernier, une fois les données écrites, et seulement si `outcome.failures` est vide.",
    needs=(*EARLIER, "tp21.4", "tp23.1", "tp23.2"),
)
@pytest.mark.parametrize("failure", ["api", "disk"])
def test_a_failed_run_does_not_move_the_watermark(increment, api, tmp_path, failure):
    """Un passage qui échoue ne fait pas avancer le filigrane : rien n'est perdu.

    Enregistré trop tôt, il fait croire que tout a été lu. Personne ne relira jamais ces lignes.
    """
    first = increment()
    before = state(tmp_path)
    api.switch("clock", "PUT", now="2024-01-06T00:00:00Z")
    if failure == "api":
        api.switch("faults", kind="404", rate=1)
    else:
        written = sorted((tmp_path / "bronze").rglob("*.parquet"))
        verify_that(first.line, bool(written), "des fichiers Parquet", "aucun")
        written[-1].write_bytes(b"coupe")
    failed = increment()
    verify(f"{failed.line}, passage qui échoue : code", failed.code, 1)
    verify(f"{failed.line}, passage qui échoue : filigrane enregistré", state(tmp_path), before)


@step(
    "tp21.6",
    hint="options.since vient de n8n, qui garde le filigrane : le script le rend dans son résultat et n'écrit rien.",
    needs=(*EARLIER, "tp21.4", "tp23.1", "tp23.2"),
)
def test_with_since_nothing_is_saved(increment, tmp_path):
    """Sous --since, le script n'enregistre rien : n8n garde le filigrane.

    Deux endroits qui retiennent le même état finissent par ne plus dire la même chose.
    """
    done = increment("--since", "2024-01-03T12:00:00Z")
    verify(f"{done.line}, code", done.code, 0)
    verify(f"{done.line}, filigrane enregistré", state(tmp_path), None)
    verify_that(
        f"{done.line}, watermark",
        bool(done.result.get("watermark")),
        "le nouveau filigrane",
        done.result.get("watermark"),
    )
