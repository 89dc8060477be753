"""Images that a stage works with: decoding, cropping, and stores in memory or on disk."""
