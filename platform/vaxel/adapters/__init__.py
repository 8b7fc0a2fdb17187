"""The shell: what talks to sockets, files and clocks."""
