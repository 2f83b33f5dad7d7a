"""Every act and every page that the code records has words for people.

What may be recorded is read from the source: a call's argument is followed through the functions
that pass it on. What cannot be followed fails, so that nothing is left out unseen.
"""

import ast
from collections.abc import Iterator
from itertools import product
from pathlib import Path, PurePath

import pytest

from schedules.models import BookingState, Decision
from surveillance.api_v1 import router
from surveillance.audit.wording import ACTS, PAGES

ROOT = Path(__file__).resolve().parents[2]
APPS = ("surveillance", "patients", "schedules", "reminders", "imaging")
ENUMERATED = {
    "decision.value": {str(one) for one in Decision},
    "to.value": {str(one) for one in BookingState},
    "self.page": {view.page for _, view, _ in router.registry},
}

Function = ast.FunctionDef
Calls = list[tuple[ast.Call, Function | None, ast.Module]]


@pytest.fixture(scope="module")
def calls() -> Calls:
    """Every call in the product, with the function and the module in which it stands."""
    return [
        (node, function, module)
        for app in APPS
        for path in (ROOT / app).rglob("*.py")
        for module in [ast.parse(path.read_text(encoding="utf-8"))]
        for node, function in walk(module, None)
        if isinstance(node, ast.Call)
    ]


def walk(node: ast.AST, function: Function | None) -> Iterator[tuple[ast.AST, Function | None]]:
    """Yield all that stands in a node, each with the outermost function around it."""
    for child in ast.iter_child_nodes(node):
        yield child, function
        inside = function or (child if isinstance(child, Function) else None)
        yield from walk(child, inside)


def recorded(calls: Calls, door: str, argument: str) -> set[str]:
    """Return what `argument` may be in all calls of the door."""
    return {
        value
        for call, function, module in calls
        if ast.unparse(call.func).split(".")[-1] == door
        for keyword in call.keywords
        if keyword.arg == argument
        for value in values(keyword.value, function, module, calls)
    }


def values(told: ast.expr, function: Function | None, module: ast.Module, calls: Calls) -> set[str]:
    def of(part: ast.expr) -> set[str]:
        return values(part, function, module, calls)

    match told:
        case ast.Constant(value=str(text)):
            return {text}
        case ast.IfExp(body=one, orelse=other):
            return of(one) | of(other)
        case ast.JoinedStr(values=parts):
            return {"".join(each) for each in product(*map(of, parts))}
        case (
            ast.FormattedValue(value=part) | ast.Call(func=ast.Name(id="gettext_noop"), args=[part])
        ):
            return of(part)
        case ast.Call(func=ast.Attribute(value=part, attr="lower")):
            return {text.lower() for text in of(part)}
        case ast.Attribute(value=ast.Call(func=ast.Name(id="PurePath"), args=[part]), attr="stem"):
            return {PurePath(text).stem for text in of(part)}
        case ast.Attribute(value=ast.Name(id="self"), attr=name):
            return of_classes(name, calls)
        case ast.Attribute() if ast.unparse(told) in ENUMERATED:
            return ENUMERATED[ast.unparse(told)]
        case ast.Name(id=name) if function:
            names = [parameter.arg for parameter in function.args.args]
            if name in names:
                return passed_on(function, names.index(name), module, calls)
            assigned = [
                node.value
                for node in ast.walk(function)
                if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name
            ]
            if assigned:
                return set[str]().union(*map(of, assigned))
    raise AssertionError(f"What may “{ast.unparse(told)}” be? {function and function.name}")


def of_classes(name: str, calls: Calls) -> set[str]:
    """Return what classes of the product say that an attribute of theirs is."""
    return {
        statement.value.value
        for module in {module for *_, module in calls}
        for node in ast.walk(module)
        if isinstance(node, ast.ClassDef)
        for statement in node.body
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == name
        if isinstance(statement.value, ast.Constant) and isinstance(statement.value.value, str)
    }


def passed_on(function: Function, place: int, module: ast.Module, calls: Calls) -> set[str]:
    """Return what a function is given in that place; what begins with _ in its module alone."""
    return {
        value
        for call, caller, where in calls
        if isinstance(call.func, ast.Name) and call.func.id == function.name
        if where is module or not function.name.startswith("_")
        for value in values(call.args[place], caller, where, calls)
    }


def test_every_act_has_words(calls: Calls) -> None:
    acts = recorded(calls, "record", "act")

    assert {"result.recorded", "booking.no_show", "review.skip", "schedule.rebaselined"} <= acts
    assert acts - set(ACTS) == set()


def test_every_page_has_words(calls: Calls) -> None:
    pages = recorded(calls, "record_look", "page")

    assert {"patient", "what_if", "add a finding"} <= pages
    assert pages - set(PAGES) == set()
