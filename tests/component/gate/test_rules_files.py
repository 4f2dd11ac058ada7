"""Rules and profiles from YAML: the shipped files are the defaults, one's own are read, mistakes are named."""

from dataclasses import fields
from datetime import timedelta
from pathlib import Path

import pytest

from gate.licence.features import Feature
from gate.licence.profile import PROFILES, REMO, Profile
from gate.licence.rules import AutoAssign, Reminder, Rules
from gate.profile_file import load_profile
from gate.rules_file import load_rules
from gate.yaml_file import ConfigError

CONFIGS = Path(__file__).parents[3] / "configs"


def written(folder: Path, text: str) -> Path:
    path = folder / "written.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", PROFILES)
def test_each_built_in_profile_is_shipped_as_a_file(name: str) -> None:
    loaded = load_profile(CONFIGS / f"profiles/{name}.yaml")
    assert loaded == PROFILES[name]
    assert loaded.sha256 == PROFILES[name].sha256


def test_no_profile_file_lies_about_that_is_not_built_in() -> None:
    assert {path.stem for path in (CONFIGS / "profiles").glob("*.yaml")} == set(PROFILES)


def test_the_shipped_rules_name_every_key_with_its_default() -> None:
    path = CONFIGS / "rules.yaml"
    assert load_rules(path) == Rules()
    text = path.read_text(encoding="utf-8")
    assert all(f"\n{field.name}:" in text for field in fields(Rules))
    assert all(f"({number})" in text for number in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 15, 16, 18))


def test_ones_own_rules_change_what_they_name_and_nothing_else(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "renewal: from_expiry\nauto_assign: {respect_hold: true}\nfree_period: {applies_to: [first]}\ngrace: 12h\n"
        "reminders: [{audience: customer, days: 7}]\nreminders_at: '18:30'\n"
        "mailed_password_lasts: null\nprofile: null\n",
    )
    rules = load_rules(path)
    assert rules.renewal == "from_expiry"
    assert rules.auto_assign == AutoAssign(respect_hold=True)
    assert rules.free_period == {"first"}
    assert rules.grace == timedelta(hours=12)
    assert rules.reminders == (Reminder(audience="customer", days=7),)
    assert (rules.reminders_at.hour, rules.reminders_at.minute) == (18, 30)
    assert rules.mailed_password_lasts is None
    assert rules.profile == "remo"
    assert rules.terms_months == Rules().terms_months


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("renewal: sometimes\n", "line 1, renewal: "),
        ("\nauto_assign: {source: nowhere}\n", "line 2, auto_assign.source: "),
        ("time_zone: Mars\n", "line 1, time_zone: no such time zone"),
        ("grace: 30\n", "line 1, grace: a duration like 30d"),
        ("grace: -3d\n", "line 1, grace: a duration like 30d"),
        ("terms_months: []\n", "line 1, terms_months: a list of different numbers"),
        ("terms_months: [12, 0]\n", "terms_months"),
        ("reminders: [{audience: partner}]\n", "days or hours"),
        ("reminders: [{audience: partner, days: 1}, {audience: partner, days: 1}]\n", "given twice"),
        ("reminders_at: nine\n", "a time of day"),
        ("profile: mine\n", "there is no profile 'mine'; choose from remo"),
        ("graze: 0d\n", "line 1, graze: there is no such field"),
    ],
)
def test_a_mistake_in_the_rules_is_named_with_its_line_and_field(tmp_path: Path, text: str, complaint: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load_rules(path)
    assert str(caught.value).startswith(str(path))
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_ones_own_profile_is_read_and_has_its_own_hash(tmp_path: Path) -> None:
    path = written(tmp_path, "name: mine\ncontinues: [hdmi_live, recording]\ngrace: 3d\ndevice_ops_quorum: all\n")
    profile = load_profile(path)
    assert profile == Profile(
        name="mine",
        continues=frozenset({Feature.HDMI_LIVE, Feature.RECORDING}),
        survives_stale=frozenset(),
        grace=timedelta(days=3),
        device_ops_quorum="all",
    )
    assert profile.sha256 not in {one.sha256 for one in PROFILES.values()}
    own = written(tmp_path, "profile: mine\n")
    assert load_rules(own, PROFILES | {"mine": profile}).profile == "mine"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("name: mine\ncontinues: [hdmi_live, hdmi_life]\n", "line 2, continues[1]: there is no feature 'hdmi_life'"),
        ("continues: []\n", "name: this field is missing"),
        ("name: ../mine\ncontinues: []\n", "line 1, name: "),
        ("name: mine\ncontinues: []\ngrace: for ever\n", "line 3, grace: "),
        ("name: mine\ncontinues: []\nsd_recording_on_expiry: pause\n", "line 3, sd_recording_on_expiry: "),
    ],
)
def test_a_mistake_in_a_profile_is_named_with_its_line_and_field(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_profile(written(tmp_path, text))
    assert complaint in str(caught.value)


def test_the_order_of_features_and_the_comments_of_a_file_do_not_change_the_hash(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "# mine\ncontinues: [hdmi_events, sd_export, hdmi_playback, hdmi_live, hdmi_live]\n"
        "survives_stale: [recording]\nname: remo\n",
    )
    assert load_profile(path).sha256 == REMO.sha256
