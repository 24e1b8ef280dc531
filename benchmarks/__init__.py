"""What Onward costs, measured; never asserted. ``make bench`` runs them all."""
