"""Plain columns, and YAML without anchors."""

from __future__ import annotations

import pytest
import yaml

from refk8s.cli.output import Format, emit, table, text_of_yaml


def test_columns_are_as_wide_as_their_widest_cell(capsys: pytest.CaptureFixture[str]) -> None:
    table(("NAME", "N"), [("a", 1), ("longer", 22)])
    assert capsys.readouterr().out == "NAME     N\na        1\nlonger   22\n"


def test_a_table_without_rows_is_its_head(capsys: pytest.CaptureFixture[str]) -> None:
    table(("NAME", "N"), [])
    assert capsys.readouterr().out == "NAME   N\n"


def test_what_is_shared_is_written_out_in_yaml() -> None:
    part = {"cpu": "1"}
    text = text_of_yaml({"b": part, "a": part}, sort=True)
    assert text == "a:\n  cpu: '1'\nb:\n  cpu: '1'\n"


@pytest.mark.parametrize("form", [Format.json, Format.yaml])
def test_data_is_printed_as_it_is(form: Format, capsys: pytest.CaptureFixture[str]) -> None:
    data = {"version": 1, "text": "Pending→Running", "none": None, "list": [1, True]}
    emit(data, form)
    assert yaml.safe_load(capsys.readouterr().out) == data
