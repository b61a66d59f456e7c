from django.apps import AppConfig


class AppealsConfig(AppConfig):
    name = "tidegate.desk.appeals"
    label = "appeals"
