"""What dotflow costs, as ratios to the plain-Python limit measured in the same run."""
