from django.apps import AppConfig


class NowConfig(AppConfig):
    name = "tidegate.desk.now"
    label = "now"
