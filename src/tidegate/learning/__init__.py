"""Labels, training, calibration to a false-positive budget, evaluation: everything about how well the engine decides."""
