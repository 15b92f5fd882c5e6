"""An HTTP client with retries, deadlines and limits, and downloads that resume."""
