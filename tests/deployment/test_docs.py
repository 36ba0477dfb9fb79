"""The documents agree with the files they speak of."""

import re
from pathlib import Path

import pytest

from tests.deployment.compose import PROJECT, variables

DOCUMENTS = sorted(path for path in (*PROJECT.glob("*.md"), *PROJECT.glob("docs/**/*.md")) if ".venv" not in path.parts)
LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)\s]+)\)")
READ = re.compile(r"""env\.\w+\(\s*"(\w+)"|environ(?:\.get)?[\[(]\s*"(\w+)"|\bgetenv\(\s*"(\w+)\"""")
MENTION = re.compile(r"\bdocs/[\w/.-]+\.(?:md|yaml)\b")
NOT_CONFIGURATION = {"DJANGO_SETTINGS_MODULE"}


def names(path: Path) -> str:
    return str(path.relative_to(PROJECT))


def anchors(path: Path) -> set[str]:
    """The fragments by which this document's headings are reached."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def sources() -> list[Path]:
    return [path for package in ("clinic", "patients", "plans") for path in (PROJECT / package).rglob("*.py")]


@pytest.mark.parametrize("document", DOCUMENTS, ids=names)
def test_every_link_leads_somewhere(document):
    for found in LINK.finditer(document.read_text()):
        target, _, fragment = found["target"].partition("#")
        if "://" in target or target.startswith("mailto:"):
            continue
        reached = (document.parent / target).resolve() if target else document
        assert reached.exists(), f"{names(document)} links to {target}"
        if fragment and reached.suffix == ".md":
            assert fragment in anchors(reached), f"{names(document)} links to {found['target']}"


def test_every_document_that_the_code_mentions_exists():
    places = [*sources(), PROJECT / "Makefile", PROJECT / "requirements.in", PROJECT / ".env.example"]
    mentioned = {mention for path in places for mention in MENTION.findall(path.read_text())}
    assert {name for name in mentioned if not (PROJECT / name).exists()} == set()


def test_every_environment_variable_is_documented():
    described = (PROJECT / "docs/configuration.md").read_text()
    read = {name for path in sources() for found in READ.findall(path.read_text()) for name in found if name}
    read |= set(variables())
    assert {"SECRET_KEY", "BROKER_URL", "LOG_LEVEL", "CLINIC_HOME"} <= read
    assert {name for name in read - NOT_CONFIGURATION if f"`{name}`" not in described} == set()


@pytest.mark.parametrize("name", ["requirements.in", "requirements-dev.in"])
def test_every_dependency_is_accounted_for(name):
    described = (PROJECT / "docs/dependencies.md").read_text()
    lines = (PROJECT / name).read_text().splitlines()
    wanted = {re.split(r"[\[=<>~]", line)[0] for line in lines if line and line[0] not in "#-"}
    assert {package for package in wanted if not re.search(rf"[|,] {package}\b", described)} == set()


def test_the_readme_opens_with_what_a_fresh_machine_needs():
    readme = (PROJECT / "README.md").read_text()
    for words in ("make run", "make test", "Python 3.11", "http://localhost:8000", "demo-clinic-2026"):
        assert words in readme
    for role in ("practitioner", "assistant", "frontdesk", "manager"):
        assert f"{role}@demo.example" in readme


def test_every_decision_is_listed():
    listed = (PROJECT / "docs/adr/README.md").read_text()
    decisions = [path.name for path in (PROJECT / "docs/adr").glob("0*.md")]
    assert decisions
    assert [name for name in decisions if name not in listed] == []
