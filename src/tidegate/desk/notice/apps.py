from django.apps import AppConfig


class NoticeConfig(AppConfig):
    name = "tidegate.desk.notice"
    label = "notice"
