"""Contrastive frameworks, which turn the views of a batch into projections.

A framework is a module with

    model                       the Model that is evaluated and saved
    start_epoch()               called before each epoch
    project(views, pairs, further)      unit projections of this rank's views of a batch

where ``views`` holds pairs[r] first views of this rank r, as many second views in the same order, and then further[r]
other views; all ranks know how many each of them has.
"""
