"""The parent flow: read, align, pool, judge, publish."""

from typing import Any

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.task_runners import ThreadPoolTaskRunner

from flows import steps
from flows.memory import side_by_side
from flows.plan import Plan, make_plan
from flows.settings import load_settings
from warehouse.snapshot import writing


@task(cache_policy=NO_CACHE, persist_result=False)
def check_inputs(plan: Plan) -> None:
    steps.check_inputs(plan)


@task(task_run_name="vectors {lang}", cache_policy=NO_CACHE, persist_result=False)
def prepare_vectors(plan: Plan, lang: str) -> dict[str, Any]:
    return steps.prepare_vectors(plan, lang)


@task(cache_policy=NO_CACHE, persist_result=False)
def fit_space(plan: Plan) -> dict[str, Any]:
    return steps.fit_space(plan)


@task(cache_policy=NO_CACHE, persist_result=False)
def pool_documents(plan: Plan) -> dict[str, Any]:
    return steps.pool_documents(plan)


@task(cache_policy=NO_CACHE, persist_result=False)
def judge(plan: Plan) -> dict[str, Any]:
    return steps.judge(plan)


@task(cache_policy=NO_CACHE, persist_result=False)
def publish_snapshot(plan: Plan, notes: dict[str, Any], figures: dict[str, Any]) -> dict[str, Any]:
    return steps.publish_snapshot(plan, notes, figures)


@flow(
    name="align build",
    task_runner=ThreadPoolTaskRunner(max_workers=2),  # type: ignore[arg-type]  # as its documentation shows it
    persist_result=False,
    validate_parameters=False,
)
def build(config: str, warehouse: str | None = None, memory: str | None = None, wait: float = 0) -> dict[str, Any]:
    """Check, read or train, align, pool, judge, publish; where nothing changed, nothing is done.

    Waits at most `wait` seconds for another that is writing.
    """
    plan = make_plan(load_settings(config, warehouse, memory))
    if (published := plan.published()) is not None:
        return {"snapshot": published, "published": False}
    with writing(plan.settings.warehouse_path, wait) as killed:
        notes = steps.begin(killed)
        check_inputs(plan)
        vectors, at_once = {}, side_by_side(plan)
        for lang in plan.settings.languages:
            vectors[lang] = prepare_vectors.submit(plan, lang)
            if not at_once:
                vectors[lang].wait()
        notes["vectors"] = {lang: one.result() for lang, one in vectors.items()}
        notes["space"] = fit_space(plan)
        notes["documents"] = pool_documents(plan)
        return publish_snapshot(plan, notes, judge(plan))
