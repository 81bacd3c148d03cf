from .plugin_table import PAGE, generated, table


def test_the_table_of_plugins_on_the_spec_page_is_the_plugins() -> None:
    assert generated(PAGE.read_text()) == table(), "renew it: python -m tests.unit.scheduler.plugin_table"
