"""Why is somebody at the service, or not? Answered from the state and both sides; nothing is written to any."""
