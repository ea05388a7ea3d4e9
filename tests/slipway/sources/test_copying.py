"""Copies without cuts."""

from slipway.sources.copying import Copy, Cut


def test_a_copy_is_made_only_when_something_is_left_out(tmp_path):
    path, out = tmp_path / "a", tmp_path / "b"
    path.write_bytes(b"0123456789")
    assert Copy(path, out).finish() == path
    copy = Copy(path, out)
    copy.leave_out([Cut(1, 3), Cut(4, 5, b"x")])
    copy.leave_out([])
    copy.leave_out([Cut(8, 10)])
    assert copy.finish().read_bytes() == b"03x567"
