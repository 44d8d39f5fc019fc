"""What runs at the server."""

from counterpoint.deploy import server_app

app = server_app(__file__)
