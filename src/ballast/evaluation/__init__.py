"""Probes on a frozen encoder, and the accuracy by group of classes."""
