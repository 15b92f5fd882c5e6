"""Pictures: found in folders, archives, samples and on the web, stored as thumbnails."""
