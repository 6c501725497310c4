"""The flow's files are written whole, as they were otherwise, and edited without losing anything."""

from pathlib import Path

import pytest

from bot.console.flow import files, history
from bot.console.flow.editing import Editing
from flows.document.errors import FlowInvalid
from flows.document.reader import MAX_BYTES


def test_a_file_keeps_its_mode_its_ends_of_lines_and_its_link(tmp_path: Path) -> None:
    real = tmp_path / "real.yaml"
    real.write_bytes("flow: tea\r\n# चाय\r\n".encode())
    real.chmod(0o640)
    link = tmp_path / "flows.yaml"
    link.symlink_to(real)
    editing = Editing(files.opened(link))
    assert editing.shown == "flow: tea\n# चाय\n"
    editing.write("flow: tea\n# चाय 2\n")
    files.write(editing.now.changed)
    assert real.read_bytes() == "flow: tea\r\n# चाय 2\r\n".encode()
    assert real.stat().st_mode & 0o777 == 0o640
    assert link.is_symlink()
    assert sorted(one.name for one in tmp_path.iterdir()) == ["flows.yaml", "real.yaml"]


def test_if_one_of_several_files_cannot_be_written_none_is(tmp_path: Path) -> None:
    first, second = tmp_path / "a.yaml", tmp_path / "file" / "b.yaml"
    first.write_text("old")
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(OSError, match="file"):
        files.write({str(tmp_path / "made.yaml"): "new", str(first): "new", str(second): "new"})
    assert first.read_text() == "old"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a.yaml", "file"]


def test_a_file_of_a_megabyte_is_refused_before_it_is_read(tmp_path: Path) -> None:
    file = tmp_path / "flows.yaml"
    file.write_bytes(b"#" * (2 * MAX_BYTES))
    with pytest.raises(FlowInvalid, match="over 512 KiB"):
        files.opened(file)


def test_what_was_written_and_taken_back_is_no_change() -> None:
    editing = Editing({"flows.yaml": "a\r\n", "part.yaml": "b\n"})
    editing.write("a\nmore\n")
    editing.file = "part.yaml"
    editing.write("c\n")
    assert editing.now.changed == {"flows.yaml": "a\r\nmore\r\n", "part.yaml": "c\n"}
    assert list(editing.now.texts) == ["flows.yaml", "part.yaml"]
    editing.write("b\n")
    assert list(editing.edited) == ["flows.yaml"]

    saved = editing.now
    editing.file = "flows.yaml"
    editing.write("a\nmore\nsince\n")
    editing.was_saved(saved)
    assert editing.opened["flows.yaml"] == "a\r\nmore\r\n"
    assert editing.now.changed == {"flows.yaml": "a\r\nmore\r\nsince\r\n"}

    editing.keep_on({"flows.yaml": "theirs\n"})
    assert (editing.file, editing.now.changed) == ("flows.yaml", {"flows.yaml": "a\nmore\nsince\n"})
    editing.open({"flows.yaml": "theirs\n"})
    assert (editing.shown, editing.now.changed) == ("theirs\n", {})


def test_the_files_of_a_version_belong_beside_the_flow_file() -> None:
    texts = {"/their/shop/flows.yaml": "1", "/their/shop/parts/a.yaml": "2"}
    assert history.on_disk(texts, Path("/ours/chai.yaml")) == {
        "/ours/chai.yaml": "1",
        "/ours/parts/a.yaml": "2",
    }
    with pytest.raises(ValueError, match="outside"):
        history.on_disk({"/their/flows.yaml": "1", "/etc/passwd": "2"}, Path("/ours/chai.yaml"))
