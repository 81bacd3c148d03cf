"""What containers do, read from text and mappings."""

import re
from pathlib import Path

import pytest
import yaml

from refk8s.kubelet.behaviour import INIT, MAIN, NEVER, Attempt, BehaviourError, Behaviours, parse_behaviours


def main(annotation: str, container: str = "c", rules: Behaviours | None = None) -> Attempt:
    found = (rules or Behaviours()).of("default/web", annotation, container, "nginx:1", init=False)
    return found.attempts[0]


def test_by_default_main_containers_run_for_ever_and_init_containers_exit_0() -> None:
    none = Behaviours()
    assert none.of("default/web", "", "c", "nginx", init=False) is MAIN
    assert none.of("default/web", "", "i", "nginx", init=True) is INIT
    assert MAIN.attempts[0].exit_ms == NEVER
    assert (INIT.attempts[0].exit_ms, INIT.attempts[0].exit_code) == (1_000, 0)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("exit 3 after 30s", Attempt(exit_ms=30_000, exit_code=3)),
        ("exit", Attempt(exit_ms=0)),
        ("exit after 1.5s", Attempt(exit_ms=1_500)),
        ("run", Attempt()),
        ("never ready", Attempt(ready=())),
        ("ready after 2m", Attempt(ready=(120_000,))),
        ("unready after 250ms", Attempt(ready=(0, 250))),
        ("unhealthy after 20", Attempt(live=(0, 20_000))),
        ("never started", Attempt(started=())),
        ("stop 20s; stop with 143", Attempt(stop_ms=20_000, stop_code=143)),
        ("ignore sigterm", Attempt(stop_ms=NEVER)),
        ('{"exit": 1, "after": "2s"}', Attempt(exit_ms=2_000, exit_code=1)),
        ('{"ready": [1, 2, 3]}', Attempt(ready=(1_000, 2_000, 3_000))),
    ],
)
def test_words_say_what_a_run_does(text: str, wanted: Attempt) -> None:
    assert main(text) == wanted


def test_words_about_the_image_and_the_start_hold_for_all_runs() -> None:
    found = Behaviours().of("d/p", "pull 3s; start 2s; image after 1m; prestop 4s", "c", "x", init=False)
    assert (found.pull_ms, found.start_ms, found.image, found.pre_stop_ms) == (3_000, 2_000, (60_000,), 4_000)
    assert Behaviours().of("d/p", "no image", "c", "x", init=False).image == ()


def test_an_image_comes_and_goes() -> None:
    found = Behaviours().of("d/p", "no image after 10s", "c", "x", init=False)
    assert [found.has_image(ms) for ms in (0, 9_999, 10_000)] == [True, True, False]
    assert [found.image_changes(ms) for ms in (0, 10_000)] == [True, False]


def test_runs_follow_each_other_and_the_last_one_repeats() -> None:
    found = Behaviours().of("d/p", "exit 1 after 1s then exit 2 after 2s then run", "c", "x", init=False)
    assert [found.attempt(n).exit_ms for n in range(5)] == [1_000, 2_000, NEVER, NEVER, NEVER]
    assert [found.is_news(n) for n in range(4)] == [True, True, True, False]


def test_a_name_before_a_colon_means_only_those_containers() -> None:
    text = "web: exit 1; db-*: never ready"
    assert main(text, "web").exit_code == 1
    assert main(text, "db-0").ready == ()
    assert main(text, "other") == Attempt()


def test_words_without_a_name_do_not_mean_init_containers() -> None:
    assert Behaviours().of("d/p", "exit 1", "i", "x", init=True) == INIT
    assert Behaviours().of("d/p", "i: exit 1 after 1s", "i", "x", init=True).attempts[0].exit_code == 1


def test_the_annotation_overrides_the_rules_word_by_word() -> None:
    rules = parse_behaviours([{"pods": "web", "do": "ready after 9s; stop 1s"}, {"pods": "other/*", "do": "exit 7"}])
    assert main("ready after 1s", rules=rules) == Attempt(ready=(1_000,), stop_ms=1_000)


def test_rules_match_pods_containers_and_images_by_glob() -> None:
    rules = parse_behaviours([{"pods": "default/w*", "containers": "c", "images": "nginx:*", "do": {"exit": 5}}])
    assert main("", rules=rules).exit_code == 5
    assert main("", "d", rules=rules) == Attempt()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("x", "behaviours: a list of rules is wanted"),
        ([{}], "behaviours[0]: a mapping with `do` is wanted"),
        ([{"do": "run", "pod": "x"}], "behaviours[0]: unknown field 'pod'"),
        ([{"do": "dance"}], "behaviours[0].do: cannot read 'dance'; examples: `exit 1 after 30s`"),
        ([{"do": {"exit": "x"}}], 'behaviours[0].do: "x" is no whole number'),
        ([{"do": {"jump": 1}}], "behaviours[0].do: unknown word 'jump'"),
        ([{"do": "ready after soon"}], "behaviours[0].do: 'soon' is no duration; examples: 500ms"),
        ([{"do": {"ready": [2, 1]}}], "behaviours[0].do: the times [2, 1] do not ascend"),
        ([{"do": "pull 1s then run"}], "behaviours[0].do: 'pull 1s' is not about one run of the container"),
        ([{"do": '{"exit"'}], "behaviours[0].do: not JSON"),
    ],
)
def test_a_bad_behaviour_is_named_with_what_is_allowed(data: object, message: str) -> None:
    with pytest.raises(BehaviourError) as caught:
        parse_behaviours(data)
    assert str(caught.value).startswith(message)


SPEC = (Path(__file__).parents[3] / "specs" / "kubelet.md").read_text().partition("## What containers do")[2]


def test_phrases_and_words_on_the_spec_page_mean_the_same() -> None:
    rows = re.findall(r"^\| `([^`]+)` \|[^|]*\| (.*?) \|$", SPEC, re.MULTILINE)
    assert len(rows) > 15
    for phrase, words in rows:
        by_text = Behaviours().of("d/p", phrase, "c", "x", init=False)
        mapping = yaml.safe_load("{" + ", ".join(re.findall(r"`([^`]+)`", words.partition(", or ")[0])) + "}")
        (rule,) = parse_behaviours([{"do": mapping}]).rules
        assert Behaviours((rule,)).of("d/p", "", "c", "x", init=False) == by_text, phrase


def test_the_rules_on_the_spec_page_can_be_read() -> None:
    example = SPEC.partition("```yaml\n")[2].partition("```")[0]
    (rule,) = parse_behaviours(yaml.safe_load(example)["behaviours"]).rules
    assert rule.matches("shop/cart-1", "redis", "redis:broken", init=False)
