"""What a demo site's configuration must name is told before anything starts."""

from pathlib import Path

import pytest

from gate.shipped_configs import write_configs
from gate.yaml_file import ConfigError
from recorder.supervisor.site import Site


@pytest.mark.parametrize("missing", ["hdmi", "orders"])
def test_a_board_without_what_it_shows_or_orders_is_refused(tmp_path: Path, missing: str) -> None:
    write_configs(tmp_path / "configs")
    demo = tmp_path / "configs" / "demo.yaml"
    lines = demo.read_text().splitlines(keepends=True)
    demo.write_text("".join(line for line in lines if not line.startswith(f"{missing}:")))
    with pytest.raises(ConfigError, match=f"{missing}:"):
        Site(demo, port_base=8000, on_report=lambda kind, content: None)
