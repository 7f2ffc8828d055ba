"""Search of everything."""

from fastapi.testclient import TestClient

from tests.factories import Make


def test_each_kind_is_found(desk: TestClient, make: Make) -> None:
    feature = make.feature(title="Dark theme")
    account = make.account(name="Dark Arts")
    ask = make.ask(title="A dark screen")

    page = desk.get("/search?q=dark").text

    for path in (f"/features/{feature.id}", f"/accounts/{account.id}", f"/asks/{ask.id}"):
        assert f'href="{path}"' in page


def test_nothing_found_is_said(desk: TestClient) -> None:
    assert "Nothing found" in desk.get("/search?q=unicorn").text


def test_without_words_there_is_only_the_field(desk: TestClient) -> None:
    answer = desk.get("/search?q=")

    assert answer.status_code == 200
    assert "Nothing found" not in answer.text


def test_every_page_has_the_field(desk: TestClient) -> None:
    assert 'action="/search"' in desk.get("/demand").text
