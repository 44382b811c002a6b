"""A job of the engine, in this process, on an API over real HTTP whose answers a test decides."""

from contextlib import contextmanager

import pytest

from ingestion.api.client import ApiClient
from ingestion.bronze.publishing import Target
from ingestion.bronze.storage import open_folder
from ingestion.reading import Job
from ingestion.rows.resources import EVENTS
from tests.ingestion.toy_api import NOON, toy_api


@pytest.fixture
def job_on(tmp_path):
    """job_on(answer): a job that reads an API which answers so, and the queries that it was asked."""

    @contextmanager
    def job_on(answer, resource=EVENTS, pagination="cursor", ratio=1.0):
        asked = []

        def answer_and_note(query):
            asked.append(query)
            return answer(query)

        with toy_api(answer_and_note) as url:
            target = Target(resource, open_folder(tmp_path / "bronze"), "r1", NOON)
            quarantine = open_folder(tmp_path / "quarantine")
            yield Job(ApiClient(url, max_attempts=1), target, quarantine, pagination, 2, ratio), asked

    return job_on
