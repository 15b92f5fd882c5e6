"""What all benchmarks do alike: servers, processor time, reports."""
