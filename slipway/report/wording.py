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
    "f1_macro": "harmonic mean of precision and recall; mean of the classes",
    "roc_auc": "chance that a row of a class ranks above one of another; 0.5 is guessing",
    "log_loss": "surprise at the truth; lower is better",
    "ece": "how far confidence is from the share that is right; lower is better",
    "mae": "how far off predictions are on average, in the target's units",
    "rmse": "the same, large errors weighing more",
    "r2": "share of the target's variance that is explained; 0 is always saying the mean",
}
RATES = {
    "accuracy": "accuracy",
    "selection_rate": "selection rate",
    "tpr": "true positive rate",
    "fpr": "false positive rate",
    "tpr_macro": "recall (macro)",
    "rmse": "root mean squared error",
    "mae": "mean absolute error",
}
"""What fairness.json tells of a group."""
PARTED = {
    "without_target": "without a target",
    "without_required": "without a required value",
    "duplicates": "duplicates, left out",
    "repeated_keys": "with a key that came before",
    "quarantine": "broke a rule of cleaning",
    "train": "to learn from (train)",
    "validation": "to choose by (validation)",
    "test": "to judge by (test)",
}
"""Where the rows went, in cleaning.json."""
SEVERITIES = (
    "A broken critical expectation stops the run; rows that break a warning go to quarantine; info is only told. "
    "Where an expectation has to hold mostly 0.9, one row in ten may be against it."
)
CANDIDATES = {
    "size_bytes": ("size, KiB", 1024),
    "accuracy_validation": ("accuracy", 1),
    "r2_validation": ("R²", 1),
    "drop_pct": ("points lost", 1),
    "worst_group_drop_pct": ("lost by the worst group", 1),
    "agreement_pct": ("answered alike, %", 1),
    "batch_difference": ("batches differ by", 1),
    "latency_b1_ms": ("ms for one row", 1),
    "latency_batch_ms": ("ms for a batch", 1),
    "peak_memory_mib": ("peak memory, MiB", 1),
}
"""Columns of candidates.csv: what they are called, and the unit that they are shown in."""
RULES = {
    "most_probable": "giving the most probable class",
    "least_cost": "giving the class of least expected cost",
    "group_thresholds": "with the thresholds of groups",
    "saved": "saved by the last",
}
"""Ways to choose a class, in costs.json."""
FIGURES = {
    "accuracy": "accuracy",
    "worst_recall": "recall of the worst class",
    "rmse": "root mean squared error",
}
"""What the gate knows of a group."""
CAPTIONS = {
    "tune": "The last search for better parameters; the dashed line is what the values before it reached",
    "augmented": "Training images, and what augmentation makes of them",
    "learning": (
        "Learning curve: the weights of the least validation loss are kept; where it rises while training "
        "loss falls on, the network learns rows by heart"
    ),
    "confusion": "Confusion matrix, test rows: right answers stand on the diagonal",
    "roc": "ROC, test rows: the nearer to the upper left corner, the better; the dashed line is guessing",
    "precision_recall": (
        "Precision against recall, test rows: the higher, the better; AP is the average precision; a dashed "
        "line is guessing"
    ),
    "calibration": (
        "Calibration, test rows: on the dashed line, confidence is as large as the share that is right; a "
        "larger dot stands for more rows"
    ),
    "costs": "What answers cost a row by the threshold, validation rows; the line is the chosen one",
    "residuals": "Predictions and errors, test rows: on the dashed line, they are right",
    "slices": (
        "Parts of the test rows: declared ones, and those found that are surely worse than the whole; lines "
        "are intervals"
    ),
    "fairness": "Groups of the sensitive columns, test rows (how many, in brackets); lines are intervals",
    "importance": "What the model leans on, test rows; columns that tell the same share their importance",
    "explained": (
        "Why some test rows were answered as they were: typical right answers, and the worst mistakes. In "
        "brackets stands how sure the model was; the last figure of a title is how sure it is of that answer "
        "when it sees nothing of the row, and the parts add up to the difference"
    ),
    "mistakes": "The images that it is most sure of and wrong about, the worst first",
    "robustness": (
        "What is left of it on test rows that were corrupted, the more the farther right; the dashed line is "
        "its figure on the same rows as they are"
    ),
    "pareto": (
        "Candidates: the filled one was chosen; one that stands on the dashed line, the Pareto front, no "
        "other beats in everything"
    ),
}
LEADS = {
    "data": "What came in, what was set aside, and why.",
    "privacy": "What is promised to the people behind the rows, and what is not.",
    "training": "How the network learned.",
    "evaluation": "How good the answers are on rows that nothing was fitted on.",
    "fairness": "Whether it is as good for some rows (slices) and people (groups) as for others.",
    "explanations": "What the answers depend on.",
    "robustness": "How much worse the answers become when rows are not as clean as these.",
    "compression": "Which smaller or faster artefacts were tried, what they cost, and which one is served.",
    "gate": "The rules that decide whether a model may serve; one that is broken keeps the last release serving.",
    "provenance": "From which code, data and libraries this came, and what it cost.",
}
TITLES = {"data": "Data and quarantine", "fairness": "Slices and fairness"}
"""Where a section is not called by its own name."""
