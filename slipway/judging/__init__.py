"""How a trained model is judged: metrics, groups, explanations, the gate, and the decision that serving repeats."""
