"""A database of another release: the API says that it cannot answer yet, and answers once it can."""

from db.apply import migrate, rollback
from tests.api.process import until
from tests.api.support import School, hear_worker, is_ready


def test_a_rolled_back_database_is_503_until_it_is_migrated(own_school: School) -> None:
    school = own_school
    path = "/api/v1/student/performance"
    before = school.get(path, school.ada, "student")
    assert before.status_code == 200

    rollback(school.database.url())
    refused = school.get(path, school.ada, "student")
    assert (refused.status_code, refused.json()["code"]) == (503, "42883")
    assert "Retry-After" in refused.headers
    unready = school.client.get("/health/ready")
    assert (unready.status_code, unready.json()["code"]) == (503, "42883")
    assert "homeroom migrate" in unready.json()["checks"]["migrations"]
    assert school.client.get("/health/live").status_code == 200

    migrate(school.database.url())
    assert school.get(path, school.ada, "student").content == before.content
    hear_worker(school.database)
    until(lambda: is_ready(school.client))
