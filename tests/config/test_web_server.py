"""The web server as `make run` and the image start it."""

from tests.web import serving


def test_ends_when_asked_although_its_processes_have_only_just_begun(tmp_path):
    """Each has a copy of its parent's answer to the signal, which does nothing, and has to be ended by force."""
    with serving(tmp_path) as server:
        server.stop()

        assert server.process.returncode == 0
