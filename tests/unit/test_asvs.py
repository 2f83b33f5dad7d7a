"""The checklist of docs/asvs.md names each requirement once, and nothing that is not there."""

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# The level of each requirement of ASVS 5.0.0, section by section: 1.1 has two, both of level 2.
LEVELS = """
1.1 22
1.2 1111122223
1.3 112222222223
1.4 222
1.5 123
2.1 122
2.2 112
2.3 12223
2.4 23
3.1 3
3.2 113
3.3 12223
3.4 11222233
3.5 11122333
3.6 3
3.7 22333
4.1 12233
4.2 23333
4.3 22
4.4 1222
5.1 2
5.2 112333
5.3 113
5.4 222
6.1 122
6.2 111111112222
6.3 11223333
6.4 112233
6.5 22222333
6.6 2223
6.7 33
6.8 2222
7.1 222
7.2 1111
7.3 22
7.4 11222
7.5 223
7.6 22
8.1 1233
8.2 1123
8.3 133
8.4 23
9.1 111
9.2 1222
10.1 22
10.2 223
10.3 22223
10.4 1111122222233333
10.5 22222
10.6 22
10.7 222
11.1 2233
11.2 22233
11.3 11233
11.4 1222
11.5 23
11.6 23
11.7 33
12.1 12233
12.2 11
12.3 22223
13.1 2333
13.2 222223
13.3 2233
13.4 1222233
14.1 22
14.2 12223333
14.3 122
15.1 12233
15.2 12233
15.3 1222222
15.4 3333
16.1 2
16.2 22222
16.3 2222
16.4 222
16.5 2223
17.1 23
17.2 22223333
17.3 22
"""
OF_LEVEL_3 = {"1.2.10", "15.4.2"}
STATES = {"met", "partly", "not met", "not applicable"}
LINES = re.findall(
    r"^\| (\d+\.\d+\.\d+) \| (.+?) \| (.+?) \| (.+) \|$",
    (ROOT / "docs" / "asvs.md").read_text(encoding="utf-8"),
    re.MULTILINE,
)


@cache
def functions_in(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_each_requirement_is_there_once() -> None:
    asked = [
        f"{section}.{number}"
        for section, levels in (line.split() for line in LEVELS.strip().splitlines())
        for number, level in enumerate(levels, start=1)
        if level in "12" or f"{section}.{number}" in OF_LEVEL_3
    ]
    assert len(asked) == 253 + len(OF_LEVEL_3)
    assert [number for number, *_ in LINES] == asked


def test_each_has_a_state_and_says_why_or_where() -> None:
    for number, _, state, told in LINES:
        assert state in STATES, number
        assert told.strip(), number
        if state in ("met", "partly"):
            assert "`" in told, number


def test_each_test_and_file_that_it_names_is_there() -> None:
    named = 0
    for number, _, _, told in LINES:
        for path, test in re.findall(r"`([\w./-]*[./][\w./-]*)(?:::(\w+))?`", told):
            if path.startswith("."):
                assert (ROOT / path).exists(), (number, path)
                continue
            assert (ROOT / path).exists() or path == "json.dumps", (number, path)
            if test:
                assert test in functions_in(ROOT / path), (number, path, test)
                named += 1
    assert named > 200
