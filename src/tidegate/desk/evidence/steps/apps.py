from django.apps import AppConfig


class StepsConfig(AppConfig):
    name = "tidegate.desk.evidence.steps"
    label = "steps"
