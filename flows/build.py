"""The parent flow: read, align, pool, judge, publish."""

from pathlib import Path
from typing import Any

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.task_runners import ThreadPoolTaskRunner

from flows import steps
from flows.plan import Plan, make_plan
from flows.settings import load_settings
from warehouse.snapshot import writing


@task(task_run_name="vectors {lang}", cache_policy=NO_CACHE, persist_result=False)
def prepare_vectors(plan: Plan, lang: str) -> dict[str, Any]:
    return steps.prepare_vectors(plan, lang)


@task(cache_policy=NO_CACHE, persist_result=False)
def fit_space(plan: Plan) -> dict[str, Any]:
    return steps.fit_space(plan)


@task(cache_policy=NO_CACHE, persist_result=False)
def publish_snapshot(plan: Plan, notes: dict[str, Any]) -> dict[str, Any]:
    return steps.publish_snapshot(plan, notes)


@flow(name="align build", task_runner=ThreadPoolTaskRunner(max_workers=2), persist_result=False, validate_parameters=False)
def build(config: str, warehouse: str | None = None) -> dict[str, Any]:
    """Bring the warehouse up to date with its configuration; where nothing changed, nothing is done."""
    plan = make_plan(load_settings(config, warehouse))
    if (published := plan.published()) is not None:
        return {"snapshot": published, "published": False}
    with writing(Path(plan.settings.warehouse_path)):
        languages = list(plan.settings.languages)
        vectors = [prepare_vectors.submit(plan, lang) for lang in languages]
        notes: dict[str, Any] = {"vectors": {lang: v.result() for lang, v in zip(languages, vectors, strict=True)}}
        notes["space"] = fit_space(plan)
        return publish_snapshot(plan, notes)
