"""What becomes of the items of a call to Twinfield, whatever the answer says."""

import pytest

from integrations.base.errors import BatchRefused, LeaseLost, OutcomeUnknown, ProtocolSurprise, Unreachable
from integrations.base.records import DocumentRef, NotTried, Posted, Refused, Unclear
from integrations.base.redaction import redact_text
from integrations.twinfield.markup import attribute, element, leaf, parse
from integrations.twinfield.pairing import pair
from integrations.twinfield.sending import Batch, send
from integrations.twinfield.values import Unsendable


def build(item):
    if item == "bad":
        raise Unsendable("APP-102", "no")
    return leaf("transaction", item, id=item)


def taken(item, node):
    return Posted(ref=DocumentRef(external_id=attribute(node, "id")))


BATCH = Batch(
    root="transactions",
    build=build,
    pair=lambda sent, answered: pair(sent, answered, str, lambda node: attribute(node, "id")),
    taken=taken,
)


class Wire:
    """Answers one after the other; an error is raised."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.sent = []

    def __call__(self, node):
        self.sent.append([attribute(one, "id") for one in node])
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return parse(answer) if isinstance(answer, str) else answer


def good(*items):
    return element("transactions", *(element("transaction", id=item, result="1") for item in items), result="1")


def kinds(outcomes):
    return [type(outcome) for outcome in outcomes]


def test_items_go_in_calls_of_the_size_and_keep_their_order():
    wire = Wire(good("b", "a"), good("c"))
    outcomes = send(["a", "bad", "b", "c"], BATCH, wire, 2)
    assert wire.sent == [["a", "b"], ["c"]]
    assert [getattr(o, "code", "") or o.ref.external_id for o in outcomes] == ["a", "APP-102", "b", "c"]


def test_nothing_to_send_is_no_call():
    assert kinds(send(["bad"], BATCH, Wire(), 25)) == [Refused]
    assert send([], BATCH, Wire(), 25) == []


def test_each_item_has_its_own_result_whatever_the_root_says():
    answer = (
        "<transactions result='0'><transaction id='a' result='1'/><transaction id='b' result='0' msg='x'/>"
        "<transaction id='c'/></transactions>"
    )
    assert kinds(send(["a", "b", "c", "d"], BATCH, Wire(answer), 25)) == [Posted, Refused, Unclear, Unclear]


@pytest.mark.parametrize(
    "answer",
    [
        "<transactions result='0' msg='Incorrecte XML - x'/>",
        "<transactions result='0' msg='Incorrecte XML - x'><transaction id='a'/><transaction id='b'/></transactions>",
    ],
)
def test_a_message_on_the_root_alone_refuses_the_whole(answer):
    with pytest.raises(BatchRefused) as caught:
        send(["a", "b"], BATCH, Wire(answer), 25)
    assert caught.value.code == "SYS-704"
    (alone,) = send(["a"], BATCH, Wire(answer), 25)
    assert (alone.code, alone.text) == ("SYS-704", "Incorrecte XML - x")


def test_a_message_on_the_root_beside_results_refuses_no_neighbour():
    answer = "<transactions result='0' msg='x'><transaction id='a' result='1'/></transactions>"
    assert kinds(send(["a", "b"], BATCH, Wire(answer), 25)) == [Posted, Unclear]


@pytest.mark.parametrize("answer", ["<other result='1'/>", "<transactions result='1'/>", "<transactions result='0'/>"])
def test_an_answer_about_nothing_leaves_all_unclear(answer):
    assert kinds(send(["a", "b"], BATCH, Wire(answer), 25)) == [Unclear, Unclear]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (OutcomeUnknown("x"), Unclear),
        (Unreachable("x"), NotTried),
        (ProtocolSurprise("redirected", status=302), Unclear),
        (ProtocolSurprise("gone", status=404), Refused),
    ],
)
def test_errors_of_a_call_concern_its_items_alone(error, kind):
    outcomes = send(["a", "b", "c"], BATCH, Wire(good("a"), error, good("c")), 1)
    assert kinds(outcomes) == [Posted, kind, Posted]


@pytest.mark.parametrize("error", [LeaseLost("x"), BatchRefused("x")])
def test_what_stops_the_connection_is_raised_only_while_nothing_was_sent(error):
    with pytest.raises(type(error)):
        send(["a", "b"], BATCH, Wire(error), 25)
    outcomes = send(["a", "b", "c", "d"], BATCH, Wire(good("a", "b"), error), 2)
    assert kinds(outcomes) == [Posted, Posted, NotTried, NotTried]


def test_the_token_in_the_address_of_the_validation_is_not_kept():
    kept = redact_text(
        "https://login.twinfield.com/auth/authentication/connect/accesstokenvalidation?token=0f3c1e5b7a9d"
    )
    assert "0f3c1e5b7a9d" not in kept
