"""One line for whatever params.yaml may not hold. Checked whole before any work starts."""

import difflib

from pydantic import BaseModel, ValidationError

from ballast.config.merge import merged
from ballast.config.schema import Block, Dataset, Method, Params, Pretraining, Profile, Student
from ballast.runtime.errors import BallastError, require


def check(raw: dict) -> Params:
    """The parameters, or a BallastError that names the first wrong one and says what would be right."""
    params = _validated(Params, raw, "", raw)
    for key, known in (("dataset", params.datasets), ("profile", params.profiles)):
        require(getattr(params, key) in known, f"{key}: unknown {getattr(params, key)!r}; known: {', '.join(known)}")
    budget, pool = params.profiles[params.profile].sampling.budget, params.datasets[params.dataset].source.pool_size
    require(pool is None or budget <= pool,
            f"profiles.{params.profile}.sampling.budget: {budget} is more than the {pool} images of the pool")
    for name, data in params.datasets.items():
        _check_dataset(name, data)
    if getattr(params.datasets[params.dataset].source, "where", "memory") != "memory":
        _check_crops(params.profile, params.profiles[params.profile], params.dataset)
    for name, method in params.methods.items():
        _check_student(method, f"methods.{name}.student")
    for name, profile in params.profiles.items():
        _check_profile(name, profile, raw)
    for name, variant in params.variants.items():
        _check_variant(name, variant.of, variant.set, params, raw)
    return params


def _check_dataset(name: str, data: Dataset) -> None:
    source, given = data.source, data.longtail.law == "given"
    brings = source.kind in ("lists", "own")
    require(given == brings, f"datasets.{name}.longtail.law: {data.longtail.law!r} does not go with source kind "
                             f"{source.kind!r}; `given` goes with lists and own, the others with the rest")
    short = getattr(source, "short", None)
    require(short is None or short >= source.size, f"datasets.{name}.source.short: {short} is less than size")


def _check_crops(profile: str, how: Profile, dataset: str) -> None:
    for protocol in ("linear", "fewshot", "finetune"):
        crop = getattr(how, protocol).crop
        require(isinstance(crop, list), f"profiles.{profile}.{protocol}.crop: {crop} pixels of padding go with images "
                                        f"in memory; source.where of {dataset} wants [smallest, largest]")


def _check_profile(name: str, profile: Profile, raw: dict) -> None:
    low, high = profile.augment.crop
    require(low <= high, f"profiles.{name}.augment.crop: wants [smallest, largest], has [{low}, {high}]")
    require(profile.student.warmup <= profile.student.epochs,
            f"profiles.{name}.student.warmup: {profile.student.warmup} epochs do not fit into "
            f"{profile.student.epochs} epochs")
    for protocol in ("linear", "fewshot", "finetune"):
        how = getattr(profile, protocol)
        require(how.every <= how.epochs, f"profiles.{name}.{protocol}.every: {how.every} looks at the validation list "
                                         f"never within {how.epochs} epochs")
    known = ", ".join(raw["methods"])
    for row in profile.tuned:
        require(row in raw["methods"], f"profiles.{name}.tuned.{row}: no such method; known: {known}")
    for row, method in raw["methods"].items():
        require(row in profile.tuned, f"profiles.{name}.tuned: nothing for {row!r}; write {row}: {{}}")
        _check_row(name, row, method["pretrain"], raw, f"methods.{row}.pretrain")


def _check_variant(name: str, of: str, changes: dict, params: Params, raw: dict) -> None:
    require(of in params.methods, f"variants.{name}.of: no such method as {of!r}; known: {', '.join(params.methods)}")
    method = merged(raw["methods"][of], changes)
    _check_student(_validated(Method, method, f"variants.{name}.set", method), f"variants.{name}.set.student")
    _check_row(params.profile, of, method["pretrain"], raw, f"variants.{name}.set.pretrain")


def _check_student(method: Method, where: str) -> None:
    if method.student:
        _check_prune(method.student, where)


def _check_prune(how: Pretraining | Student, where: str) -> None:
    require((how.framework == "sdclr") == (how.prune is not None),
            f"{where}.prune: the share of pruned weights goes with framework sdclr and with no other")


def _check_row(profile: str, row: str, pretrain: dict, raw: dict, where: str) -> None:
    """What a row trains with under a profile; an error names the block that its value comes from."""
    blocks = {f"profiles.{profile}.tuned.{row}": raw["profiles"][profile]["tuned"][row], where: pretrain,
              f"profiles.{profile}.pretrain": raw["profiles"][profile]["pretrain"]}
    tuned, own, common = blocks.values()
    settings = merged(common, own, tuned)

    def source(*path: str) -> str:
        return next((f"{prefix}.{'.'.join(path)}" for prefix, block in blocks.items() if _holds(block, path)),
                    f"{where}.{'.'.join(path)}")

    try:
        how = Pretraining.model_validate(settings)
    except ValidationError as error:
        path, message = _explain(error.errors(), settings)
        raise BallastError(f"{source(*path)}: {message}") from error
    rounds = raw["profiles"][profile]["sampling"]
    require(how.warmup <= how.epochs, f"{source('warmup')}: {how.warmup} epochs do not fit into {how.epochs} epochs")
    require(not how.resample or rounds["warmup"] < how.epochs,
            f"profiles.{profile}.sampling.warmup: {rounds['warmup']} leaves none of the {how.epochs} epochs of {row} "
            f"for the pool")
    _check_prune(how, where)
    for idea in ("semantic", "guidance"):
        require(not getattr(how, idea) or how.resample, f"{source(idea)}: begins with the first round of resample, "
                                                        f"which {row} does not have")
    whole = not how.resample or how.resample.tailness != "sparsity" or how.resample.neighbours >= 1
    require(whole, f"{source('resample', 'neighbours')}: sparsity counts nearest neighbours, at least 1")


def _holds(block: dict, path: tuple[str, ...]) -> bool:
    for part in path:
        if not isinstance(block, dict) or part not in block:
            return False
        block = block[part]
    return True


def _validated(kind: type[BaseModel], block: dict, where: str, raw: dict) -> BaseModel:
    try:
        return kind.model_validate(block)
    except ValidationError as error:
        path, message = _explain(error.errors(), raw)
        raise BallastError(f"{'.'.join(filter(None, [where, *path]))}: {message}") from error


def _explain(errors: list[dict], raw: dict) -> tuple[list[str], str]:
    """Path and message of the most telling error.

    A misspelt key explains the missing one that it causes; a block that may also be a plain value was meant as a block.
    """
    error = min(errors, key=lambda e: (e["type"] != "extra_forbidden", isinstance(e["input"], dict) and
                                       e["type"].endswith("_type")))
    path = _path(error["loc"], raw, error["type"] == "missing")
    if error["type"] == "extra_forbidden":
        known = {name for block in (*Block.__subclasses__(), Pretraining) for name in block.model_fields}
        near = difflib.get_close_matches(str(error["loc"][-1]), known, 1)
        return path, "unknown key" + (f"; did you mean {near[0]!r}?" if near else "")
    if error["type"] == "missing":
        return path, "missing"
    return path, f"{error['msg'][0].lower()}{error['msg'][1:]}, found {error['input']!r}"


def _path(location: tuple, raw: dict, missing: bool) -> list[str]:
    """Path of an error, without the union tags that pydantic puts between a block and its key, or after a value."""
    path, here = [], raw
    for part in location:
        if (isinstance(here, dict) and part in here) or (isinstance(here, list) and isinstance(part, int)):
            path.append(str(part))
            here = here[part]
    return [*path, str(location[-1])] if missing else path
