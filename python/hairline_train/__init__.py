"""Trains any hairline network in PyTorch, fed by the procedural scenes of the C++ library without files in between.

    python -m hairline_train slim --out runs/slim        (PYTHONPATH=python; docs/training.md)

A recipe (recipes/*.json) is a list of stages: which network, how many steps, which losses, which samples. Every sample is a
function of the recipe's seed and the step alone, so a run that was killed goes on from its last checkpoint bit for bit.
"""
