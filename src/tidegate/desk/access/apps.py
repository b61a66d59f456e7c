from django.apps import AppConfig


class AccessConfig(AppConfig):
    name = "tidegate.desk.access"
    label = "access"

    def ready(self) -> None:
        # Models can be imported only now.
        from tidegate.desk.access import sessions, throttling

        sessions.connect()
        throttling.connect()
