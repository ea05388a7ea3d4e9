"""Serving: a bundle behind HTTP. Imports onnxruntime and the web stack, and nothing that trains."""
