"""HTTP endpoints with the paths, requests and answers of OpenAI's API."""
