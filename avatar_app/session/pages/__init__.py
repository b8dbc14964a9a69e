"""Pages that the avatar builds beside the conversation, when it is asked for one."""
