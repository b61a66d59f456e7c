from django.apps import AppConfig


class AccessConfig(AppConfig):
    name = "tidegate.desk.access"
    label = "access"
