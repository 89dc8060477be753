"""Contrastive frameworks: how the views of a batch become projections, and what is remembered per image.

Each is a module with ``model`` (what embeds, is probed and kept), ``start_epoch()`` and ``project(views, pairs)``.
"""
