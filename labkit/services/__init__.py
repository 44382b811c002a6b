"""The API, JupyterLab and n8n, started, watched and stopped together."""
