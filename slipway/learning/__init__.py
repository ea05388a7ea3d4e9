"""Learning: the training loop, augmentation by batch, and trained models on disk."""
