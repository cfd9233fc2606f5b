"""What bench/run is made of: a file per subject, standard library only."""
