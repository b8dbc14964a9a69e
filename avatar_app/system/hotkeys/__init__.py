"""Keys that are heard while another program is in front: by X11, or by the desktop's portal."""
