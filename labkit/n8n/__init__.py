"""The real n8n: installed, started, its workflows brought in and out; Node-RED beside it."""
