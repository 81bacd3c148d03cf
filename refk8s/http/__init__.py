"""The API over real HTTP: a cluster that lives behind a socket. Each write from outside is one recorded action, so a session is a trace."""
