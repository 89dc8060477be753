"""Which rows the pages compare with which others, and the repeats that were looked at before others were run.

A dict has the rows that others are compared with, and for each these others.
"""

LOOKED_AT = {"fresh": 7, "on-pool": 7, "measured-cifar10-letters": 6}  # by the name of the table, the first repeats
RESOLVED = {"simclr": ("balanced", "random", "bcl-colt"), "random": ("colt",)}
STARTS = {"simclr": ("frozen", "simclr-pool", "random"), "random": ("frozen", "random-pool", "colt", "mak"),
          "colt": ("frozen", "colt-pool", "colt-eyes"), "frozen": ("simclr-pool",),
          "simclr-pool": ("random-pool", "colt-pool"), "random-pool": ("colt-pool", "mak-pool"),
          "mak": ("mak-pool", "mak-eyes")}
RULES = {"random": ("kcenter", "mak", "hkmeans", "semdedup", "retrieval", "retrieval-sparse", "facility", "colt"),
         "mak": ("mak-shortlist",), "colt": ("colt-shortlist",)}
BEYOND = {"colt-random": ("colt",), "colt": ("colt-gh", "colt-domain-1", "colt-domain-2"), "simclr": ("colt-domain-1",),
          "random": ("colt-domain-1",), "guided": ("colt-domain-1",)}
FRESH = {base: ("colt-domain-1",) for base in ("simclr", "matched", "random", "colt", "guided")}
PARTS = {"simclr": ("matched",), "matched": ("colt-domain-1-random", "colt-no-domain"), "colt-no-domain": ("colt",),
         "colt": ("colt-domain-1",), "colt-domain-1-random": ("colt-domain-1",)}
POLYVIEW = {"matched": ("matched-poly",), "colt-domain-1": ("colt-poly",), "colt": ("colt-poly",)}
STUDENTS = {"guide": ("guided", "guided-same", "guided-all", "guided-features", "guided-on-pool", "guide-longer"),
            "guide-longer": ("guided", "guided-all", "guided-features")}
ON_POOL = {"guide": ("guided-on-pool", "guide-48"), "guide-48": ("guided-on-pool",)}
GUIDES = {"guide": ("guide-pure", "guide-pool"), "guide-pure": ("guided-pure",), "guide-pool": ("guided-pool",)}
REAL = {"simclr": ("frozen", "colt-domain-1"), "matched": ("random", "colt-domain-1"),
        "random": ("colt", "simclr-pool", "colt-domain-1"), "colt": ("colt-domain-1",), "guided": ("colt-domain-1",)}
REPAIRS = {"colt": ("colt-in-domain", "colt-scaled", "colt-sparse", "colt-average", "colt-30", "colt-50")}
SHORTLISTS = {"mak": ("mak-shortlist",), "colt": ("colt-shortlist",)}


def pairs_of(over: dict[str, tuple[str, ...]], rows: set[str]) -> list[tuple[str, str]]:
    """Return the pairs (row, the row that it is compared with) of which both are among the rows."""
    return [(row, base) for base, others in over.items() for row in others if {row, base} <= rows]
