"""What runs at every node."""

from counterpoint.deploy import client_app

app = client_app(__file__)
