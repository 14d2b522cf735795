"""What bench/run measures, one module each: a function `measure(build, options)` that yields figures."""
