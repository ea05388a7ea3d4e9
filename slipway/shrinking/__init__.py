"""Shrinking: from a trained network to the smallest ONNX artefact that keeps its promises."""
