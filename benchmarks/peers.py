"""The recommenders that somebody would use instead, behind the interface of a recipe.

Two are a few lines of our own (item-kNN and EASE); two are packages that others maintain, which are no part of the
development environment: `make peers` installs them, and without them accuracy.py leaves them out and says so.
Parameters were chosen on validation items (LOG.md); those of the network are the best that its authors published.
"""

import importlib.util
import logging
import sys
import time
import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import inv
from scipy.sparse import csr_array

from tastemaker.data.interactions import Floats, Interactions, Ints, Query, TrainingData
from tastemaker.metrics.report import Scores
from tastemaker.recipes.contract import Progress, hyperparameter


class Peer(Protocol):
    """As a recipe, but for types that only the API needs. package: what it takes besides ours, None for nothing."""

    @property
    def package(self) -> str | None: ...
    @property
    def Params(self) -> type[Any]: ...
    def fit(self, data: TrainingData, params: Any, progress: Progress, /) -> Scores: ...


def is_there(peer: Peer) -> bool:
    """Whether its package is installed."""
    return peer.package is None or importlib.util.find_spec(peer.package) is not None


def chosen(events: Interactions) -> csr_array:
    """1 for what a user chose at least once, shape (U, I)."""
    chosen_UI = csr_array(
        (np.ones(len(events), np.float32), (events.user_N, events.item_N)), shape=(events.n_users, events.n_items)
    )
    chosen_UI.sum_duplicates()
    chosen_UI.data[:] = 1
    return chosen_UI


@dataclass(frozen=True)
class ItemToItem:
    """weight_II: what each item of the history adds to each other one. half_life: an event `age` places from the end
    counts 2**(-age / half_life); 0 for all alike."""

    weight_II: Floats
    half_life: float = 0.0

    def scores(self, query: Query) -> Floats:
        """Shape (I,)."""
        age_L = np.arange(len(query.history_L), dtype=np.float32)[::-1]
        weight_L = np.exp2(-age_L / self.half_life) if self.half_life else np.ones_like(age_L)
        return np.asarray(weight_L @ self.weight_II[query.history_L], np.float32)


class ItemKnn:
    """Cosine of who chose two items, of each item the `neighbours` best kept.

    Source: Sarwar et al., WWW 2001; the shrinkage as in Koren, TKDD 2010.
    """

    package = None

    @dataclass(frozen=True)
    class Params:
        neighbours: int = hyperparameter(20, low=1, high=100_000)
        shrink: float = hyperparameter(10.0, low=0.0, high=1e6)

    def fit(self, data: TrainingData, params: Params, progress: Progress) -> ItemToItem:
        """The (I, I) matrix is dense: for catalogues of some thousand items."""
        chosen_UI = chosen(data.interactions)
        shared_II = (chosen_UI.T @ chosen_UI).toarray().astype(np.float32)
        root_I = np.sqrt(np.diag(shared_II))
        weight_II = shared_II / (np.outer(root_I, root_I) + np.float32(params.shrink) + np.float32(1e-9))
        np.fill_diagonal(weight_II, 0)
        if params.neighbours < len(root_I):
            bound_I = -np.partition(-weight_II, params.neighbours - 1, axis=1)[:, params.neighbours - 1]
            weight_II[weight_II < bound_I[:, None]] = 0
        progress(1, 1)
        return ItemToItem(weight_II.T.copy())  # neighbours of the candidate, not of the item in the history


@dataclass(frozen=True)
class Ease:
    """The peer that is hard to beat without order: one regression of all items on all others.

    Source: Steck, "Embarrassingly Shallow Autoencoders for Sparse Data", WWW 2019.
    """

    half_life: float = 0.0
    package = None

    @dataclass(frozen=True)
    class Params:
        l2: float = hyperparameter(500.0, low=1e-3, high=1e6)

    def fit(self, data: TrainingData, params: Params, progress: Progress) -> ItemToItem:
        """One inverse of the (I, I) Gram matrix."""
        chosen_UI = chosen(data.interactions)
        gram_II = (chosen_UI.T @ chosen_UI).toarray().astype(np.float32)
        gram_II[np.diag_indices_from(gram_II)] += np.float32(params.l2)
        inverse_II = inv(gram_II, overwrite_a=True)
        weight_II = inverse_II / -np.diag(inverse_II)
        np.fill_diagonal(weight_II, 0)
        progress(1, 1)
        return ItemToItem(weight_II.astype(np.float32), self.half_life)


@dataclass(frozen=True)
class _Factors:
    """A model of `implicit`, which solves a user's factors from the history."""

    model: Any
    n_items: int

    def scores(self, query: Query) -> Floats:
        """Shape (I,)."""
        items = np.unique(query.history_L)
        row = csr_array((np.ones(len(items), np.float32), (np.zeros_like(items), items)), shape=(1, self.n_items))
        user_D = self.model.recalculate_user(0, _matrix(row))
        return np.asarray(self.model.item_factors @ user_D.ravel(), np.float32)


class Implicit:
    """Alternating least squares by the package `implicit`, the one most used.

    Source: Hu, Koren and Volinsky, ICDM 2008; github.com/benfred/implicit.
    """

    package = "implicit"

    @dataclass(frozen=True)
    class Params:
        factors: int = hyperparameter(128, low=1, high=1024)
        regularization: float = hyperparameter(10.0, low=0.0, high=1e4)
        alpha: float = hyperparameter(1.0, low=0.0, high=1e4)
        iterations: int = hyperparameter(15, low=1, high=1000)

    def fit(self, data: TrainingData, params: Params, progress: Progress) -> _Factors:
        """Of one thread, so that waiting threads cost no CPU-seconds."""
        als: Any = importlib.import_module("implicit.als")
        model = als.AlternatingLeastSquares(**asdict(params), random_state=data.seed, num_threads=1)
        model.fit(_matrix(chosen(data.interactions)), show_progress=False)
        progress(1, 1)
        return _Factors(model, data.interactions.n_items)


def _matrix(array: csr_array) -> Any:
    """The older class of SciPy, which the package wants."""
    from scipy.sparse import csr_matrix  # next to its only use: we have none for it

    return csr_matrix(array)


@dataclass(frozen=True)
class _Transformer:
    """backbone: the trained network. place_I: its number of each item, 0 for items that it never saw."""

    backbone: Any
    place_I: NDArray[np.int64]
    length: int

    def scores(self, query: Query) -> Floats:
        """Shape (I,); items that the network never saw come last."""
        import torch  # heavy: one peer needs it

        known_L = self.place_I[query.history_L]
        known_L = known_L[known_L > 0][-self.length :]
        session_L = np.zeros(self.length, np.int64)
        session_L[self.length - len(known_L) :] = known_L
        with torch.no_grad():
            vectors_ID = self.backbone.item_model.get_all_embeddings()
            user_D = self.backbone.encode_sessions({"x": torch.as_tensor(session_L[None])}, vectors_ID)[0, -1]
            score_P: Floats = (vectors_ID @ user_D).numpy()
        return np.where(self.place_I > 0, score_P[self.place_I], score_P.min() - 1).astype(np.float32)


class SasRec:
    """SASRec as RecTools implements it, in float32 on one core.

    Size, dropout and learning rate are those that its authors found best on ML-1M with leave-one-out, where it has
    NDCG@10 0.1684 after up to 100 epochs (eSASRec, RecSys 2025, arXiv 2508.06450, and its
    repository). Ours to choose: the full softmax instead of 256 sampled negatives, which takes half the time on a CPU
    and is what sampling approximates; batches of 32 histories instead of 128, which learn more in as many CPU-seconds;
    and the end after `cpu_s_max`. It stops early by the last event of a tenth of the users, which it does not learn
    from, and keeps the weights that were best there.
    Source: Kang and McAuley, "Self-Attentive Sequential Recommendation", ICDM 2018.
    """

    package = "rectools"

    @dataclass(frozen=True)
    class Params:
        n_factors: int = hyperparameter(64, low=8, high=512)
        n_blocks: int = hyperparameter(2, low=1, high=8)
        n_heads: int = hyperparameter(1, low=1, high=8)
        session_max_len: int = hyperparameter(200, low=2, high=1000)
        dropout_rate: float = hyperparameter(0.1, low=0.0, high=0.9)
        lr: float = hyperparameter(0.001, low=1e-6, high=1.0)
        batch_size: int = hyperparameter(32, low=1, high=4096)
        epochs: int = hyperparameter(100, low=1, high=1000)
        patience: int = hyperparameter(5, low=1, high=1000)
        cpu_s_max: int = hyperparameter(1800, low=1, high=1_000_000)

    def fit(self, data: TrainingData, params: Params, progress: Progress) -> _Transformer:
        """Prints a line for each epoch, as it takes minutes."""
        warnings.filterwarnings("ignore", module="pytorch_lightning|lightning|rectools")
        logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
        import torch  # heavy, as are those below; not of the development environment

        lightning: Any = importlib.import_module("pytorch_lightning")
        rectools: Any = importlib.import_module("rectools.models")
        datasets: Any = importlib.import_module("rectools.dataset")
        torch.set_num_threads(1)
        lightning.seed_everything(data.seed)
        learned, exam = _exam(data.interactions, data.seed)
        began_s = time.process_time()
        best: dict[str, Any] = {"ndcg": -1.0, "epoch": -1, "weights": None}

        class Watch(lightning.Callback):  # type: ignore[misc]  # of a package without types
            """Keeps the best weights, and stops when they are old or the time is over."""

            def on_train_epoch_end(self, trainer: Any, module: Any) -> None:
                backbone = module.torch_model.eval()
                epoch, ndcg = trainer.current_epoch + 1, _ndcg(_Transformer(backbone, place_I, length), exam)
                backbone.train()
                if ndcg > best["ndcg"]:
                    weights = {name: tensor.clone() for name, tensor in backbone.state_dict().items()}
                    best.update(ndcg=ndcg, epoch=epoch, weights=weights)
                spent_s = time.process_time() - began_s
                print(f"sasrec: epoch {epoch}, {spent_s:.0f} CPU-s, exam {ndcg:.4f}", file=sys.stderr, flush=True)
                progress(min(1.0, spent_s / params.cpu_s_max), 1, epoch=epoch, ndcg=ndcg)
                trainer.should_stop = epoch - best["epoch"] >= params.patience or spent_s >= params.cpu_s_max

        def trainer() -> Any:
            off = {"enable_checkpointing": False, "enable_progress_bar": False, "enable_model_summary": False}
            return lightning.Trainer(
                max_epochs=params.epochs, callbacks=[Watch()], accelerator="cpu", logger=False, **off
            )

        given = asdict(params)
        del given["patience"], given["cpu_s_max"]
        length = params.session_max_len
        model = rectools.SASRecModel(**given, loss="softmax", verbose=0, get_trainer_func=trainer)
        made = datasets.Dataset.construct(_frame(learned))
        model.data_preparator.process_dataset_train(made)
        place_I = np.zeros(data.interactions.n_items, np.int64)
        known: Mapping[Any, int] = model.data_preparator.item_id_map.to_internal
        for item, place in known.items():
            if not isinstance(item, str):
                place_I[int(item)] = place
        model.fit(made)
        backbone = model.lightning_model.torch_model.eval()
        backbone.load_state_dict(best["weights"])
        return _Transformer(backbone, place_I, length)


def _exam(events: Interactions, seed: int) -> tuple[Interactions, list[tuple[Query, int]]]:
    """What to learn from, and the last event of some users with what came before it."""
    length_U = np.diff(events.start_U)
    able = np.flatnonzero(length_U >= 3)
    users = np.random.default_rng(seed).permutation(able)[: min(1000, max(1, len(able) // 10))]
    last = events.start_U[users + 1] - 1
    keep_N = np.ones(len(events), np.bool_)
    keep_N[last] = False
    spans = zip(events.start_U[users].tolist(), last.tolist(), strict=True)
    return events.where(keep_N), [(Query(events.item_N[start:end]), int(events.item_N[end])) for start, end in spans]


def _ndcg(model: Scores, exam: list[tuple[Query, int]]) -> float:
    """NDCG@10 among items not in the history."""
    gains = []
    for query, item in exam:
        score_I = model.scores(query).copy()
        own = score_I[item]
        score_I[query.history_L] = -np.inf
        rank = 1 + np.count_nonzero(score_I > own)
        gains.append(1 / np.log2(rank + 1) if rank <= 10 else 0.0)
    return float(np.mean(gains))


def _frame(events: Interactions) -> Any:
    """The table that RecTools wants, with the order of the events as their times."""
    pandas: Any = importlib.import_module("pandas")
    place_N: Ints = (np.arange(len(events)) - events.start_U[events.user_N]).astype(np.int32)
    return pandas.DataFrame(
        {
            "user_id": events.user_N,
            "item_id": events.item_N,
            "weight": 1.0,
            "datetime": pandas.Timestamp("2000-01-01") + pandas.to_timedelta(place_N, unit="s"),
        }
    )


PEERS: Mapping[str, Peer] = {
    "item-knn": ItemKnn(),
    "ease": Ease(),
    "ease-decayed": Ease(half_life=3.0),
    "implicit-als": Implicit(),
    "sasrec": SasRec(),
}
