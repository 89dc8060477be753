"""Images at hand: a store in memory or on disk, decoding and cropping."""
