"""A database of another release: the API says that it cannot answer yet, and answers once it can."""

from db.apply import migrate, rollback
from tests.api.support import School


def test_a_rolled_back_database_is_503_until_it_is_migrated(own_school: School) -> None:
    school = own_school
    path = "/api/v1/student/performance"
    before = school.get(path, school.ada, "student")
    assert before.status_code == 200

    rollback(school.database.url())
    refused = school.get(path, school.ada, "student")
    assert (refused.status_code, refused.json()["code"]) == (503, "42883")
    assert "Retry-After" in refused.headers
    assert school.client.get("/health/ready").status_code == 503
    assert school.client.get("/health/live").status_code == 200

    migrate(school.database.url())
    assert school.get(path, school.ada, "student").content == before.content
    assert school.client.get("/health/ready").status_code == 200
