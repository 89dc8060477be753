"""Evaluation of trained encoders: probes, fine-tuning, nearest neighbours, and accuracy by group of classes."""
