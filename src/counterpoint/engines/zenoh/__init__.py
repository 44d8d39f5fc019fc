"""Real peers over Eclipse Zenoh: discovery, liveliness and transport are its; rounds and what is refused are ours."""
