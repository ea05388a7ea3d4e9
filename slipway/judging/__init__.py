"""How a trained model is judged: metrics, calibration, intervals, and the decision that serving repeats."""
