"""What is said about a payment after it was sent: statuses, cancellations, their answers."""
