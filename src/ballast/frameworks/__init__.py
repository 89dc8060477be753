"""Contrastive frameworks, which turn the views of a batch into projections.

A framework is a module with

    model                       the Model that is evaluated and saved
    start_epoch()               called before each epoch
    project(views, pairs)       unit projections of the views of a batch

where ``views`` holds ``pairs`` first views, as many second views in the same order, and then any further views.
"""
