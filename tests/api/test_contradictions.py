"""The report of contradictions over the API, and what the guide says of them."""

from fastapi.testclient import TestClient

from tests.factories import Make
from tests.services.test_contradictions import YES, say

LIST = "/api/v1/contradictions"


def test_a_pair_is_listed_by_feature_and_product(pm: TestClient, make: Make) -> None:
    feature = make.feature()
    no, yes = say(make, feature), say(make, feature, **YES)

    (item,) = pm.get(LIST).json()["items"]

    assert (item["id"], item["answer"]["kind"]) == (str(yes.id), "yes")
    assert item["contradicts"][0]["response_id"] == str(no.id)
    assert item["contradicts"][0]["relation"] == "other_account"
    assert pm.get(f"{LIST}?feature_id={feature.id}").json()["items"] == [item]
    assert pm.get(f"{LIST}?product_id={make.product().id}").json()["items"] == []
    assert pm.get(f"{LIST}?colour=red").status_code == 422


def test_the_guide_tells_what_was_said_before(se: TestClient, make: Make) -> None:
    feature, account = make.feature(), make.customer()
    say(make, feature, account)
    ask = make.ask(account, feature)

    before = se.get(f"/api/v1/asks/{ask.id}/guide").json()["before"]

    assert [each["kind"] for each in before["account"]] == ["no"]
    assert set(before["contradicting"]) == {"yes", "ranked"}
    assert before["segment_accounts"] == {"yes": 0, "no": 0, "ranked": 0}
