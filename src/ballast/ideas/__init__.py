"""What a method adds to contrastive pre-training: one idea, one file, under the name that params.yaml gives it.

A file of this folder holds ``Settings``, a frozen dataclass of the idea's parameters with their bounds and the paper's
values, and ``Idea``, a subclass of ``ballast.ideas.idea.Base``. Nothing else has to know the file.
"""
