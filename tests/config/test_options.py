"""What a person may choose for a local run."""

from pathlib import Path

import pytest

from config.local import options


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("", "http://127.0.0.1:9000"),
        ("localhost", "http://localhost:9000"),
        ("0.0.0.0", "http://127.0.0.1:9000"),
        ("::1", "http://[::1]:9000"),
        ("::", "http://[::1]:9000"),
    ],
)
def test_the_address_is_one_that_this_machine_can_open(monkeypatch: pytest.MonkeyPatch, host: str, url: str):
    monkeypatch.setenv("HOST", host)
    monkeypatch.setenv("PORT", "9000")

    assert options.from_environment().url == url


def test_the_shop_stands_beside_the_product_unless_it_is_moved(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PORT", "9000")
    assert options.from_environment().shop_port == 9001

    monkeypatch.setenv("SHOP_PORT", "9100")
    assert options.from_environment().shop_port == 9100


def test_a_relative_data_directory_is_taken_from_where_we_are(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LAUREL_DATA_DIR", "data")

    assert options.from_environment().data == tmp_path / "data"
