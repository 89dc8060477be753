"""Check of the configuration before any work starts; a mistake is one line, ``file: path of the key: what is wrong``.

``check`` covers params.yaml, the variants in configs/variants.yaml, and the profile and data set in use.
"""

from ballast.checks.datasets import Dataset
from ballast.checks.ideas import check_distillation, check_ideas, check_views, check_widths
from ballast.checks.selections import NAME, check_selections, check_tailness
from ballast.checks.starts import check_starts
from ballast.config.build import MisfitError, shown, unknown_key, validated
from ballast.config.files import VARIANTS
from ballast.config.merge import merged
from ballast.config.profile import Optimization, Profile
from ballast.config.recipe import (
    FRAMEWORK_KEYS,
    OPTIMIZATION_KEYS,
    STUDENT_KEYS,
    FrameworkSettings,
    idea_module,
    idea_names,
    known_keys,
    merged_values,
    sampling_ideas,
    sources,
)
from ballast.config.rows import WHOLE_POOL, MethodRow, Params, StudentRow, absent_row, pairs, row_of, with_variant
from ballast.runtime.errors import BallastError

POOLS = ("none", *WHOLE_POOL)
# Folders of data/pool and runs, files of metrics and data/pool, and words of scripts.table, beside the names of rows
RESERVED = (*POOLS, "manifest", "history", "live", "memory", "per_class", "protocol", "rounds", "trace", "diagnostics",
            "closeness", "suitability", "protocols", "repeats", "show", "variants")
EYES = "embed.encoder"  # what variants may change beside rows
DEEPEST = 8


def check(params: dict, profile: dict, dataset: dict) -> Params:
    """Return the typed params.yaml.

    Raises:
        BallastError: one line that names the first wrong value and says what would be right.
    """
    _check_keys(params, "params.yaml: ")
    typed = _validated(Params, params, "params.yaml: ")
    file = f"configs/profiles/{typed.profile}.yaml"
    _check_keys(profile, f"{file}: ")
    typed_profile = _validated(Profile, profile, f"{file}: ")
    check_adapt(profile, file)
    _check_together(typed_profile, check_dataset(dataset, typed.dataset), typed, file)
    _check_names(typed)
    check_selections(typed)
    check_starts(typed)
    check_tailness(typed)
    for row in typed.methods:
        check_widths(row, check_method(params, profile, row), typed_profile.network.projection)
    for row in typed.students:
        check_student(params, profile, row)
    for name in typed.variants:
        if absent_row(params, name) is None:  # nobody can run the others; scripts.table refuses them
            check_variant(params, profile, name)
    return typed


def check_dataset(dataset: dict, name: str) -> Dataset:
    """Return the typed data set of a file."""
    file = f"configs/datasets/{name}.yaml: "
    _check_keys(dataset, file)
    return _validated(Dataset, dataset, file)


def check_adapt(profile: dict, file: str) -> None:
    """Check every entry of a profile's ``adapt``, also those that no row uses."""
    frameworks, ideas = ("simclr", "sdclr"), idea_names()
    for key, block in profile.get("adapt", {}).items():
        place = f"{file}: adapt.{key}"
        if key not in (*frameworks, *ideas, "select"):
            raise BallastError(f"{place}: {unknown_key(key, (*frameworks, *ideas, 'select'))}; expected a framework, "
                               f"an idea or `select`")
        allowed = (*OPTIMIZATION_KEYS, *(("prune",) if key == "sdclr" else ()), *((key,) if key in ideas else ()))
        for inner in block:
            if inner not in allowed:
                raise BallastError(f"{place}.{inner}: {unknown_key(inner, allowed)}")
        optimization = {name: block[name] for name in OPTIMIZATION_KEYS if name in block}
        _validated(Optimization, merged(profile["pretrain"], optimization), f"{place}.")
        if "prune" in block:
            _validated(FrameworkSettings, {"framework": key, "prune": block["prune"]}, f"{place}.")
        if key in block:
            _validated(idea_module(key).Settings, block[key], f"{place}.{key}.")


def check_method(params: dict, profile: dict, row: str) -> dict[str, object]:
    """Check a row of ``methods`` with what the profile adds to it; return the typed settings of its ideas."""
    place = f"params.yaml: methods.{row}"
    method = _validated(MethodRow, params["methods"][row], f"{place}.")
    _check_pool(params, method, place)
    blocks = sources(params, profile, row)
    values = merged_values(params, profile, row)

    def where(*path: str) -> str:
        """Return the place of a value: the block that it comes from."""
        return next((f"{prefix}.{'.'.join(path)}" for prefix, block in reversed(blocks) if _holds(block, path)),
                    f"{blocks[-1][0]}.{'.'.join(path)}")

    for key in values:
        if key not in known_keys():
            raise BallastError(f"{where(key)}: {unknown_key(key, known_keys())}; "
                               f"an idea is a file of src/ballast/ideas: {', '.join(idea_names())}")
    settings = _part(FrameworkSettings, {key: values[key] for key in FRAMEWORK_KEYS if key in values}, (), where)
    optimization = _part(Optimization, {key: values[key] for key in OPTIMIZATION_KEYS if key in values}, (), where)
    ideas = {idea: _part(idea_module(idea).Settings, values[idea], (idea,), where) for idea in _ideas(values)}
    check_ideas(ideas, where)
    check_views(optimization.views, "guidance" in ideas, where("views"))
    _check_prune(settings, where("prune"), params["profile"])
    if optimization.warmup > optimization.epochs:
        raise BallastError(f"{where('warmup')}: expected at most the {optimization.epochs} epochs of {row}, "
                           f"got {optimization.warmup}")
    if settings.match_updates and method.pool != "none":
        raise BallastError(f"{where('match_updates')}: goes with pool: none only, got pool: {method.pool}")
    _check_sampling(profile, params["profile"], row, method, values, where)
    return ideas


def check_student(params: dict, profile: dict, row: str) -> None:
    """Check a row of ``students`` with what the profile adds to it."""
    place = f"params.yaml: students.{row}"
    values = params["students"][row]
    allowed = {*STUDENT_KEYS, *idea_module("guidance").Settings.__dataclass_fields__}
    for key in values:
        if key not in allowed:
            raise BallastError(f"{place}.{key}: {unknown_key(key, allowed)}")
    student = {key: values[key] for key in STUDENT_KEYS if key in values}
    typed = _validated(StudentRow, student, f"{place}.")
    if typed.guide not in params["methods"]:
        raise BallastError(f"{place}.guide: expected a row of methods, got {shown(typed.guide)}")
    guidance = {key: value for key, value in values.items() if key not in student}
    check_distillation(_validated(idea_module("guidance").Settings, guidance, f"{place}."), typed.guide,
                       params["methods"][typed.guide]["pool"], place)
    check_views(profile["student"].get("views", 2), True, f"configs/profiles/{params['profile']}.yaml: student.views")
    adapted = profile.get("adapt", {}).get(typed.framework, {})
    _check_prune(_validated(StudentRow, {"prune": adapted.get("prune"), **student}, f"{place}."), f"{place}.prune",
                 params["profile"])


def check_variant(params: dict, profile: dict, name: str) -> None:
    """Check the rows that a variant changes."""
    place = f"{VARIANTS}: {name}"
    absent = absent_row(params, name)
    if absent:
        raise BallastError(absent)
    touched = {}
    for path in params["variants"][name]["set"]:
        if path == EYES:
            continue
        if row_of(path) is None:
            raise BallastError(f"{place}.set.{shown(path, quoted=False)}: expected {EYES} or the path of a value in a "
                               f"row or selection, like methods.{next(iter(params['methods']))}.pretrain.epochs")
        kind, row = row_of(path)
        if kind != "selections":
            touched[kind, row] = check_method if kind == "methods" else check_student
    try:
        changed = with_variant(params, name)
        for (_, row), check_row in touched.items():
            check_row(changed, profile, row)
        typed = _validated(Params, changed, "params.yaml: ")
        check_selections(typed)
        check_starts(typed)
    except BallastError as error:
        raise BallastError(f"{place}.set: {str(error).removeprefix('params.yaml: ')}") from error


def _check_keys(block: object, place: str, depth: int = 0) -> None:
    """Refuse keys that are not text, and nesting that no value needs, as of a block that is part of itself."""
    if depth > DEEPEST:
        raise BallastError(f"{shown(place, quoted=False)}: expected at most {DEEPEST} blocks within another")
    for key, value in block.items() if isinstance(block, dict) else enumerate(block) if isinstance(block, list) else ():
        if isinstance(block, dict) and not isinstance(key, str):
            raise BallastError(f"{place}{shown(key)}: expected text as a key; put it in quotes")
        _check_keys(value, f"{place}{key}.", depth + 1)


def _check_together(profile: Profile, dataset: Dataset, params: Params, file: str) -> None:
    budget, pool = profile.sampling.budget, dataset.source.pool_size
    if pool is not None and budget > pool:
        raise BallastError(f"{file}: sampling.budget: expected at most the {pool} images of the pool, got {budget}")
    if getattr(dataset.source, "where", "memory") == "memory":
        return
    for protocol in ("sgd", "sgd_fewshot", "finetune"):
        crop = getattr(profile, protocol).crop
        if not isinstance(crop, list):
            raise BallastError(f"{file}: {protocol}.crop: expected [smallest, largest], got {crop} pixels of padding, "
                               f"which go with images in memory (source.where of {params.dataset})")


def _check_names(params: Params) -> None:
    rows = [*params.methods, *params.students]
    seen = set()
    for prefix, names in (("params.yaml: methods.", params.methods), ("params.yaml: students.", params.students),
                          ("params.yaml: weights.", params.weights), ("params.yaml: embeddings.", params.embeddings),
                          (f"{VARIANTS}: ", params.variants)):
        for name in names:
            place = f"{prefix}{shown(name, quoted=False)}"
            if not NAME.fullmatch(name):
                raise BallastError(f"{place}: expected a name of letters, digits, - and _")
            if name in RESERVED:
                raise BallastError(f"{place}: expected another name; {', '.join(RESERVED)} are names that Ballast "
                                   f"uses itself")
            if name in seen:
                raise BallastError(f"{place}: expected one row, variant or file of that name, got two")
            seen.add(name)
    for position, name in enumerate(params.show):
        if name not in rows:
            raise BallastError(f"params.yaml: show: expected rows ({', '.join(rows)}), got {shown(name)}")
        if name in params.show[:position]:
            raise BallastError(f"params.yaml: show: expected every row once, got {shown(name)} twice")
    for name in params.export:
        if name not in params.show or params.export.count(name) > 1:
            raise BallastError(f"params.yaml: export: expected rows of show ({', '.join(params.show)}), each once, got "
                               f"{shown(name)}")
    for pair in pairs(params.compare):
        for name in pair:
            if name not in rows:
                raise BallastError(f"params.yaml: compare: expected pairs of rows ({', '.join(rows)}), got "
                                   f"{shown(name)}")
        if pair[0] == pair[1]:
            raise BallastError(f"params.yaml: compare: expected two different rows, got {shown(pair[0])} twice")


def _check_pool(params: dict, method: MethodRow, place: str) -> None:
    if method.pool not in (*POOLS, *params["selections"]):
        raise BallastError(f"{place}.pool: expected none, all, seen or a selection "
                           f"({', '.join(params['selections'])}), got {shown(method.pool)}")
    if method.images == "none" and method.pool != "all":
        raise BallastError(f"{place}.pool: expected all, the images of a row with images: none, got "
                           f"{shown(method.pool)}")


def _check_prune(settings: FrameworkSettings | StudentRow, place: str, profile: str) -> None:
    if (settings.framework == "sdclr") == (settings.prune is not None):
        return
    if settings.prune is None:
        raise BallastError(f"{place}: missing: framework sdclr needs the fraction of pruned weights; set it here or in "
                           f"adapt.sdclr of configs/profiles/{profile}.yaml")
    raise BallastError(f"{place}: goes with framework sdclr only, got framework {settings.framework}")


def _check_sampling(profile: dict, name: str, row: str, method: MethodRow, values: dict, where) -> None:
    classes = {idea: idea_module(idea).Idea for idea in _ideas(values)}
    sampling = sampling_ideas(values)
    if len(sampling) > 1:
        raise BallastError(f"params.yaml: methods.{row}.pretrain: expected one idea that samples from the pool, got "
                           f"{' and '.join(sampling)}; remove all but one")
    if sampling and method.images == "none":
        raise BallastError(f"params.yaml: methods.{row}.images: expected a list, for whose images {sampling[0]} "
                           f"samples, got 'none'")
    if sampling and method.pool == "none":
        raise BallastError(f"params.yaml: methods.{row}.pool: expected 'all', from which {sampling[0]} samples, got "
                           f"'none'")
    if not sampling and method.images != "none" and method.pool in WHOLE_POOL:
        raise BallastError(f"params.yaml: methods.{row}.pool: expected another, since no idea samples from it, got "
                           f"{method.pool!r}")
    for idea, kind in classes.items():
        if getattr(kind, "needs_rounds", False) and not sampling:
            raise BallastError(f"{where(idea)}: begins with the first round of an idea that samples from the pool, "
                               f"which {row} does not have")
    warmup, epochs = profile["sampling"]["warmup"], values["epochs"]
    if sampling and warmup >= epochs:
        raise BallastError(f"configs/profiles/{name}.yaml: sampling.warmup: expected less than the {epochs} epochs of "
                           f"{row}, got {warmup}")


def _ideas(values: dict) -> list[str]:
    return [key for key in values if key in idea_names()]


def _part(kind: type, block: object, path: tuple[str, ...], where) -> object:
    try:
        return validated(kind, block)
    except MisfitError as error:
        hint = "; {} takes the defaults" if block is None else ""
        raise BallastError(f"{where(*path, *error.path)}: {error.message}{hint}") from error


def _validated(kind: type, block: object, prefix: str) -> object:
    try:
        return validated(kind, block)
    except MisfitError as error:
        place = f"{prefix}{'.'.join(error.path)}".rstrip(".: ").replace("params.yaml: variants.", f"{VARIANTS}: ")
        raise BallastError(f"{place}: {error.message}") from error


def _holds(block: object, path: tuple[str, ...]) -> bool:
    for part in path:
        if not isinstance(block, dict) or part not in block:
            return False
        block = block[part]
    return True
