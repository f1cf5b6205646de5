"""The trials of a hyperparameter search: proposed by Optuna, judged on held-out users, given up early if they are bad.

Every trial has a sampler of its own seed and knows the trials before it, so that a search that was interrupted finds
what it would have found. A network tells its validation loss after each epoch; a trial that is worse than the median of
the others at that epoch is given up (Golovin et al., "Google Vizier", KDD 2017).
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from tastemaker.data.interactions import TrainingData
from tastemaker.recipes.contract import Progress, Recipe, parse, stage
from tastemaker.resources.kind import Body, WorkFailed
from tastemaker.training.learning import measured
from tastemaker.training.ratings import rating_report

OBJECTIVE = "normalized_discounted_cumulative_gain_at_25"
WARM_UP_TRIALS = 3  # that are never given up: the median needs company

# By name: lowest and highest value, or the values to choose from.
Ranges = Mapping[str, tuple[float, float] | tuple[int, int] | tuple[str, ...]]


class GivenUp(Exception):
    """A trial that does worse than others did at this point."""


@dataclass(frozen=True)
class Judge:
    """What trials learn from and are measured by. metric: by its documented key, OBJECTIVE if not given."""

    data: TrainingData
    n_items: int
    seed: int
    metric: str | None

    def value(self, recipe: Recipe, given: Mapping[str, str], watch: Progress) -> float:
        """How well the recipe does with these parameters, on users that are not learned from; more is better.

        A recipe that predicts ratings is judged by them: the value is its RMSE below zero.
        """
        seed = self.seed + 1
        found = measured(recipe, parse(recipe.Params, given), self.data, self.n_items, seed, watch)
        ratings = rating_report(recipe, found.model, self.data.interactions, found.held_out, seed)
        if ratings:
            return float(-ratings["rmse"])
        metrics = found.metrics
        return metrics.get(self.metric or OBJECTIVE, metrics.get(OBJECTIVE, next(iter(metrics.values()), 0.0)))


@dataclass(frozen=True)
class Trials:
    """made: all trials so far, in order; each has its parameters as text, and its value, or why it has none.

    keep: called after each one, to keep all of them.
    """

    judge: Judge
    recipe: Recipe
    fixed: Mapping[str, str]
    ranges: Ranges
    made: list[Body]
    keep: Callable[[], None]

    def run(self, n_trials: int, watch: Progress) -> dict[str, str]:
        """The best parameters, as text. The first trial has the defaults, so that nothing gets worse.

        Raises WorkFailed if none could be trained. A watch that asks to finish ends the search with what it has.
        """
        study = self._study()
        for number in range(len(self.made), n_trials):
            self.made.append(self._trial(study, number, stage(watch, number / n_trials, 1 / n_trials)))
            self.keep()
            if watch(number + 1, n_trials, trial=number + 1, **self._best()) is False:
                break
        finished = [each for each in self.made if "value" in each]
        if not finished:
            raise WorkFailed("Create failed. No trial of the hyperparameter optimisation could be trained.")
        return dict(max(finished, key=lambda each: each["value"])["parameters"])

    def _best(self) -> dict[str, float]:
        values = [each["value"] for each in self.made if "value" in each]
        return {"best": max(values)} if values else {}

    def _study(self) -> Any:
        """The search as it stands after the trials that were made."""
        import optuna  # heavy: only a training that searches needs it

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        pruner = optuna.pruners.MedianPruner(n_startup_trials=WARM_UP_TRIALS)
        study = optuna.create_study(direction="maximize", pruner=pruner)
        distributions = self._distributions()
        for trial in self.made:
            study.add_trial(
                optuna.trial.create_trial(
                    params={name: self._typed(name, text) for name, text in trial["parameters"].items()},
                    distributions=distributions,
                    value=trial.get("value"),
                    state=_state(trial),
                    intermediate_values={int(step): value for step, value in trial.get("steps", {}).items()},
                )
            )
        return study

    def _trial(self, study: Any, number: int, watch: Progress) -> Body:
        import optuna  # heavy, as above

        study.sampler = optuna.samplers.TPESampler(seed=self.judge.seed + number)
        if number == 0:
            study.enqueue_trial(self._defaults())
        trial = study.ask(self._distributions())
        told: Body = {"parameters": {name: str(value) for name, value in trial.params.items()}}
        steps: dict[str, float] = {}

        def watched(done: float, total: float, /, **facts: float) -> bool | None:
            if "validation_loss" in facts:
                step = len(steps)
                steps[str(step)] = -facts["validation_loss"]
                trial.report(-facts["validation_loss"], step)
                if trial.should_prune():
                    raise GivenUp
            return watch(done, total, trial=number + 1, **facts)

        began_s = time.monotonic()
        try:
            told["value"] = round(self.judge.value(self.recipe, {**self.fixed, **told["parameters"]}, watched), 6)
        except WorkFailed as failure:  # these parameters do not go with these data
            told["failed"] = failure.reason
        except GivenUp:
            told["given_up"] = f"after epoch {len(steps)}"
        if steps:
            told["steps"] = steps
        study.tell(trial, told.get("value"), _state(told))
        return {**told, "took_s": round(time.monotonic() - began_s, 3)}

    def _distributions(self) -> dict[str, Any]:
        from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution  # heavy, as above

        found: dict[str, Any] = {}
        for name, span in self.ranges.items():
            low, high = span[0], span[-1]
            if isinstance(low, str) or isinstance(high, str):
                found[name] = CategoricalDistribution(span)
            elif isinstance(self._default(name), int):
                found[name] = IntDistribution(int(low), int(high))
            else:
                found[name] = FloatDistribution(float(low), float(high), log=low > 0 and high / low >= 100)
        return found

    def _defaults(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, span in self.ranges.items():
            default = self._default(name)
            if isinstance(span[0], str):
                text = str(default).lower() if isinstance(default, bool) else str(default)
                found[name] = text if text in span else span[0]
            else:
                found[name] = min(max(default, span[0]), span[-1])
        return found

    def _default(self, name: str) -> Any:
        return next(item.default for item in fields(self.recipe.Params) if item.name == name)

    def _typed(self, name: str, text: str) -> Any:
        if isinstance(self.ranges[name][0], str):
            return text
        return int(text) if isinstance(self._default(name), int) else float(text)


def _state(trial: Body) -> Any:
    from optuna.trial import TrialState  # heavy, as above

    if "failed" in trial:
        return TrialState.FAIL
    return TrialState.PRUNED if "given_up" in trial else TrialState.COMPLETE
