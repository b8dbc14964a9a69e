"""The Model Context Protocol: agents speak, ask and show through the avatar."""
