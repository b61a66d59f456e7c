from django.apps import AppConfig


class ReadingConfig(AppConfig):
    name = "tidegate.desk.evidence.reading"
    label = "reading"
