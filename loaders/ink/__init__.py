"""Deep Ink: gradients exported from the classifier, and drawings made with them."""
