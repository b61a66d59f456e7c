from django.apps import AppConfig


class TransparencyConfig(AppConfig):
    name = "tidegate.desk.transparency"
    label = "transparency"
