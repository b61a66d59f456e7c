"""Labels, training, calibration to a false-positive budget, evaluation: how well the engine decides."""
