"""What the report calls things, and the sentence that explains each to somebody who sees it for the first time."""

LABELS = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "precision_macro": "precision (macro)",
    "recall_macro": "recall (macro)",
    "f1_macro": "F1 (macro)",
    "roc_auc": "ROC AUC",
    "log_loss": "log loss",
    "ece": "calibration error (ECE)",
    "mae": "mean absolute error",
    "rmse": "root mean squared error",
    "r2": "R²",
}
MEANINGS = {
    "accuracy": "share of rows that are right",
    "balanced_accuracy": "the same, each class counted alike",
    "precision_macro": "of what is given a class, how much belongs to it; mean of the classes",
    "recall_macro": "of what belongs to a class, how much is found; mean of the classes",
    "f1_macro": "one figure of precision and recall",
    "roc_auc": "chance that a row of a class ranks above one of another; 0.5 is guessing",
    "log_loss": "surprise at the truth; lower is better",
    "ece": "how far confidence is from the share that is right; lower is better",
    "mae": "how far off predictions are on average, in the target's units",
    "rmse": "the same, large errors weighing more",
    "r2": "share of the target's variance that is explained; 0 is always saying the mean",
}
FIGURES = {
    "accuracy": "accuracy",
    "worst_recall": "least share of a class that is found",
    "rmse": "root mean squared error",
}
"""What the gate knows of a group."""
CAPTIONS = {
    "tune": "The last search for better parameters; the dashed line is what the values before it reached",
    "augmented": "Training images, and what augmentation makes of them",
    "learning": "Learning curve: training loss falls for ever, the weights of the best validation loss are kept",
    "confusion": "Confusion matrix, test rows: right answers stand on the diagonal",
    "roc": "ROC, test rows: the nearer to the upper left corner, the better; the dashed line is guessing",
    "precision_recall": "Precision against recall, test rows: the higher, the better; AP is the average precision",
    "calibration": "Calibration, test rows: on the dashed line, confidence is as large as the share that is right",
    "costs": "What answers cost a row by the threshold, validation rows; the line is the chosen one",
    "residuals": "Predictions and errors, test rows: on the dashed line, they are right",
    "slices": "Parts of the test rows: declared ones, and the surely worst that were found",
    "fairness": "Groups of the sensitive columns, test rows",
    "importance": "What the model leans on, test rows; columns that tell the same share their importance",
    "explained": "Why some test rows were answered as they were: typical right answers, and the worst mistakes",
    "mistakes": "The images that it is most sure of and wrong about, the worst first",
    "robustness": "What corrupted test rows leave of it; the dashed line is its figure on the same rows as they are",
    "pareto": "Candidates: the filled one was chosen",
}
LEADS = {
    "data": "What came in, what was set aside, and why.",
    "privacy": "What is promised to the people behind the rows, and what is not.",
    "training": "How the network learned.",
    "evaluation": "How good the answers are on rows that nothing was fitted on.",
    "fairness": "Whether it is as good for some as for others.",
    "explanations": "What the answers depend on.",
    "robustness": "How much worse the answers become when rows are not as clean as these.",
    "compression": "Which smaller or faster artefacts were tried, what they cost, and which one is served.",
    "gate": "The rules that decide whether a model may serve; one that is broken keeps the last release serving.",
    "provenance": "From which code, data and libraries this came, and what it cost.",
}
TITLES = {"data": "Data and quarantine", "fairness": "Slices and fairness"}
"""Where a section is not called by its own name."""


RULES = {
    "most_probable": "giving the most probable class",
    "least_cost": "giving the class of least expected cost",
    "group_thresholds": "with the thresholds of groups",
    "saved": "saved by the last",
}
"""Ways to choose a class, in costs.json."""
