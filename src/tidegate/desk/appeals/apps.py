from django.apps import AppConfig


class AppealsConfig(AppConfig):
    name = "tidegate.desk.appeals"
    label = "appeals"

    def ready(self) -> None:
        from tidegate.desk.appeals.forgetting import watch

        watch()
