from django.apps import AppConfig


class ExhibitsConfig(AppConfig):
    name = "tidegate.desk.evidence.exhibits"
    label = "exhibits"
