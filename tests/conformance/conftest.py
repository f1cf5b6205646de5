"""The conformance suite against any endpoint: `pytest tests/conformance [--endpoint URL ...] [--table]`.

Without an endpoint it starts servers of its own. At the end it counts the cases of each operation; `--table` writes the
counts into docs/compatibility.md, and a run of the whole suite fails when that page has other counts.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from conformance.case import BEHAVIOUR, BOUNDARY, EXCEPTION, SERVICE_OF, Case
from conformance.world import Endpoint, World
from main_path.served import REGION, Server

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "compatibility.md"
BEGIN, END = "<!-- cases: begin -->", "<!-- cases: end -->"
CASES = pytest.StashKey[dict[str, Case]]()
WHOLE = pytest.StashKey[bool]()
OUTCOMES = pytest.StashKey[dict[str, str]]()
NOT_RUN = pytest.StashKey[Counter[str]]()
DIFFERS = pytest.StashKey[Counter[str]]()
VERDICT = pytest.StashKey[str]()

ELSEWHERE = "needs a server that the suite starts itself ({what}), and --endpoint names another one"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the suite."""
    group = parser.getgroup("conformance")
    group.addoption("--endpoint", help="URL to test; {service} in it is the name of each service")
    group.addoption("--region", default=REGION, help="region of the endpoint")
    group.addoption("--role", default="arn:aws:iam::000000000000:role/R", help="ARN of the role of jobs")
    group.addoption("--location", help="s3://bucket/prefix, where the endpoint can read and write data")
    group.addoption("--table", action="store_true", help="write the counts into docs/compatibility.md")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every test runs for each of its cases."""
    found = getattr(metafunc.function, "conformance_cases", None)
    if found is None:
        raise pytest.UsageError(f"{metafunc.function.__name__} is no case: say with @case what sentence it checks")
    if "case" not in metafunc.fixturenames:
        metafunc.fixturenames.append("case")
    is_ours = not metafunc.config.getoption("--endpoint", None)
    rows = [
        pytest.param(each, id=str(each), marks=[pytest.mark.xfail(reason=each.differs, strict=True)])
        if each.differs and is_ours
        else pytest.param(each, id=str(each))
        for each in found
    ]
    metafunc.parametrize("case", rows)


# Fixtures


@pytest.fixture(scope="session")
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """The shared world, on the endpoint that was given or on a server of its own."""
    options = request.config
    url = options.getoption("--endpoint", None)
    if not url:
        server: Server = request.getfixturevalue("start_server")(job_workers=2)
        built = World(own(server)).build()
        yield built
        built.send.close()
        return
    if not options.getoption("--location"):
        raise pytest.UsageError("--endpoint needs --location s3://bucket/prefix: data are uploaded there")
    region, role = options.getoption("--region"), options.getoption("--role")
    location = options.getoption("--location").rstrip("/")
    built = World(Endpoint(url, region, role, location, poll_s=2.0))
    try:
        yield built.build()
    finally:
        built.take_down()
        built.send.close()


@pytest.fixture(scope="session")
def strict(request: pytest.FixtureRequest) -> Iterator[World]:
    """An empty world on a server that holds quotas and minimums; cases that need one are not run elsewhere."""
    if request.config.getoption("--endpoint", None):
        pytest.skip(ELSEWHERE.format(what="--strict-quotas --strict-minimums"))
    server = request.getfixturevalue("start_server")(job_workers=2, strict_quotas=True, strict_minimums=True)
    found = World(own(server))
    yield found
    found.send.close()


def own(server: Server) -> Endpoint:
    """The endpoint of a server that was started here; its bucket is a folder."""
    folder = server.home / "buckets" / "conformance"
    folder.mkdir(parents=True)
    session = boto3.Session(aws_access_key_id="any", aws_secret_access_key="any")
    return Endpoint(server.url, REGION, "arn:aws:iam::000000000000:role/R", "s3://conformance", folder, session=session)


# Counting


def is_ours(item: pytest.Item) -> bool:
    """Whether a test belongs to the suite."""
    return HERE in item.path.parents


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Know which case each test is, and whether these are all there are."""
    ours = [item for item in items if is_ours(item)]
    config.stash[CASES] = {item.nodeid: item.callspec.params["case"] for item in ours}  # type: ignore[attr-defined]
    config.stash[OUTCOMES] = {}
    config.stash[NOT_RUN], config.stash[DIFFERS] = Counter(), Counter()
    narrowed = any(config.getoption(name) for name in ("keyword", "markexpr", "deselect", "lf", "failedfirst"))
    every_file = {item.path for item in ours} == set(HERE.glob("test_*.py"))
    config.stash[WHOLE] = every_file and not narrowed and not any("::" in each for each in config.args)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Keep the outcome of each case; skipped is not passed, and says why."""
    outcome = yield
    if not is_ours(item):
        return
    report = outcome.get_result()  # type: ignore[attr-defined]
    found = item.config.stash[OUTCOMES]
    if hasattr(report, "wasxfail"):
        found[item.nodeid] = "known to differ"
        item.config.stash[DIFFERS][report.wasxfail] += 1
    elif report.skipped:
        found[item.nodeid] = "not run"
        item.config.stash[NOT_RUN][str(report.longrepr[2])] += 1
    elif report.failed:
        found[item.nodeid] = "failed"
    elif report.when == "call":
        found.setdefault(item.nodeid, "passed")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the table, or hold the page against the run."""
    config = session.config
    outcomes = config.stash.get(OUTCOMES, {})
    is_whole = config.stash.get(WHOLE, False) and len(outcomes) == len(config.stash[CASES])
    if not is_whole or config.getoption("--endpoint", None):
        return
    text = PAGE.read_text(encoding="utf-8")
    wanted = f"{text.partition(BEGIN)[0]}{BEGIN}\n{table(config.stash[CASES], outcomes)}\n{END}{text.partition(END)[2]}"
    if config.getoption("--table", False):
        PAGE.write_text(wanted, encoding="utf-8")
        config.stash[VERDICT] = f"the table of {PAGE.name} is written"
    elif text != wanted and not session.testsfailed:
        config.stash[VERDICT] = f"the table of {PAGE.name} is not that of this run: pytest tests/conformance --table"
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def table(cases: dict[str, Case], outcomes: dict[str, str]) -> str:
    """A row for each operation: how many cases there are, how many passed, and what they are about."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for nodeid, case in cases.items():
        counts[case.operation].update(["cases", case.kind, outcomes[nodeid]])
    columns = ("cases", "passed", BEHAVIOUR, EXCEPTION, BOUNDARY)
    rows = [f"| {' | '.join(['operation', 'cases', 'passed', 'behaviour', 'exceptions', 'boundaries'])} |"]
    rows.append("|---|" + "---:|" * len(columns))
    names = sorted(SERVICE_OF, key=lambda name: (list(SERVICE_OF.values()).index(SERVICE_OF[name]), name))
    rows += [f"| {name} | {' | '.join(str(counts[name][each]) for each in columns)} |" for name in names]
    total = sum(counts.values(), Counter())
    rows.append(f"| **all {len(names)}** | {' | '.join(f'**{total[each]}**' for each in columns)} |")
    return "\n".join(rows)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """How many cases passed, which were not run and why, and what the page says."""
    outcomes = Counter(config.stash.get(OUTCOMES, {}).values())
    if not outcomes:
        return
    say: Callable[[str], None] = terminalreporter.write_line
    say("")
    say(f"conformance: {outcomes['passed']} of {sum(outcomes.values())} cases passed, {outcomes['failed']} failed")
    for reason, count in config.stash[NOT_RUN].items():
        say(f"not run: {count} cases: {reason.removeprefix('Skipped: ')}")
    for reason, count in config.stash[DIFFERS].items():
        say(f"known to differ: {count} cases: {reason}")
    if VERDICT in config.stash:
        say(config.stash[VERDICT])
