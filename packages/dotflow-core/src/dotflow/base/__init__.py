"""What every floor may use: names, ids, bounds, small helpers."""
