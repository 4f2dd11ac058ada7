"""Scenarios at a site that runs already, and the site as it is now."""

import asyncio
import contextlib
import tempfile
from pathlib import Path

from gate.verify.attach import attached_site
from gate.verify.errors import ProbeError
from gate.verify.outcome import Outcome, Witness
from gate.verify.probes import monitor
from gate.verify.runner import Run
from gate.verify.scenario import Scenario
from gate.verify.steps import Assertion, Step


async def run_attached(
    site_file: Path, given: tuple[Path, Scenario] | None, pictures: Path, witness: Witness
) -> Outcome:
    """A scenario from its file, or the site as it is now: one column, every row. Raises gate.yaml_file.ConfigError if
    the site cannot be reached as its file says, SiteError if it cannot be judged."""
    with tempfile.TemporaryDirectory(prefix="edge-verify-") as folder:
        witness.step(f"attaching to the site of {site_file}")
        async with attached_site(site_file, Path(folder)) as site:
            if given is None:
                matrix = site.matrix_now
                look = Step.model_validate({"assert": Assertion(column=f"now ({matrix})", matrix=matrix)})
                given = site_file, Scenario(name=title_of(site_file), steps=(look,))
            file, scenario = given
            outcome = Outcome(
                scenario=scenario.name,
                file=str(file),
                source=await asyncio.to_thread(file.read_text, encoding="utf-8"),
                pictures=pictures.name,
                given={"attached": site.file.recorder.url, "device": site.device, "cameras": list(site.cameras)},
                limits=scenario.limits.model_dump(),
            )
            await Run(scenario, site, None, pictures, witness, outcome).all()
            if site.has_monitor:
                with contextlib.suppress(ProbeError):
                    await monitor.order(site, show={"view": "wall"})
        return outcome


def title_of(site_file: Path) -> str:
    """Of the site as it is now."""
    return f"{site_file.stem} as it is now"
