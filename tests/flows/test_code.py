import sys
from pathlib import Path

import pytest

from flows.code import CodeSnapshot, import_closure


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for path, text in {
        "tasks/__init__.py": "",
        "tasks/fit.py": "import json\nfrom slipway.nets import wide\n\n\ndef fit():\n    from slipway import late\n",
        "slipway/__init__.py": "",
        "slipway/late.py": "import slipway.nets.deep.names\n",
        "slipway/other.py": "",
        "slipway/nets/__init__.py": "wide = 1",
        "slipway/nets/deep/__init__.py": "",
        "slipway/nets/deep/names.py": "import slipway.late",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    return tmp_path


def test_the_closure_holds_packages_late_imports_and_circles(project):
    assert {str(path) for path in import_closure("tasks.fit", project)} == {
        "tasks/__init__.py",
        "tasks/fit.py",
        "slipway/__init__.py",
        "slipway/late.py",
        "slipway/nets/__init__.py",
        "slipway/nets/deep/__init__.py",
        "slipway/nets/deep/names.py",
    }


def test_code_is_current_until_it_is_edited_and_stays_outdated_when_the_edit_is_taken_back(project):
    # `late` exists in no real package, so that nothing imported here stands for it
    snapshot, path = CodeSnapshot(project), project / "slipway/late.py"
    before = path.read_text()
    assert snapshot.is_current([path])
    path.write_text("x = 1")
    assert not snapshot.is_current([path])
    path.write_text(before)
    assert not snapshot.is_current([path])


def test_a_file_that_is_new_or_gone_is_not_current(project):
    snapshot = CodeSnapshot(project)
    (project / "tasks/new.py").write_text("")
    (project / "tasks/fit.py").unlink()
    assert not snapshot.is_current([project / "tasks/new.py"])
    assert not snapshot.is_current([project / "tasks/fit.py"])


def test_code_that_was_imported_before_the_snapshot_is_not_current():
    import slipway.errors

    path = Path(slipway.errors.__file__)
    assert not CodeSnapshot(path.parents[1]).is_current([path])


def test_a_module_that_was_imported_from_elsewhere_is_not_current(project, monkeypatch):
    snapshot, path = CodeSnapshot(project), project / "slipway/late.py"
    stranger = type(sys)("slipway.late")
    stranger.__file__ = "/elsewhere/slipway/late.py"
    monkeypatch.setitem(sys.modules, "slipway.late", stranger)
    assert not snapshot.is_current([path])


EDITED = """
import json, sys
from pathlib import Path
from flows.code import process_snapshot
snapshot = process_snapshot(Path.cwd())
from flows.steps import Run, run_plain
{}
result = run_plain(Run(Path.cwd(), "toy", "augment", False, snapshot))
print(json.dumps({{"stages": dict(result.stages)}}))
"""

IMPORT_THEN_EDIT = """
import tasks.augment
path = Path("tasks/doubling.py")
path.write_text(path.read_text().replace("rows * 2", "rows * 3"))
"""


@pytest.mark.parametrize("edit", [IMPORT_THEN_EDIT, IMPORT_THEN_EDIT.replace("import tasks.augment", "")])
def test_code_edited_between_import_and_start_is_never_recorded_as_what_ran(toy, edit):
    toy.edit("products/toy/params.yaml", "balance: none", "balance: oversample")
    assert toy.run(code=EDITED.format(edit)) == {"ingest@toy": "ran", "augment@toy": "ran"}
    assert toy.read("data/toy/augment/rows.txt") == "\n".join(["one", "two"] * 3)
    assert toy.run("run", "toy", "augment", "--plain", "--json") == {
        "ingest@toy": "unchanged",
        "augment@toy": "unchanged",
    }
