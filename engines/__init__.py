"""Things that act: image builder, swarm, site buckets, suite runner, signer."""
