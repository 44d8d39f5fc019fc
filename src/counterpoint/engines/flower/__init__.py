"""Methods over Flower: the server's program in a `ServerApp`, local programs in `ClientApp`s, wherever these run."""
