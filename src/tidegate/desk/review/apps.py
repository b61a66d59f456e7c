from django.apps import AppConfig


class ReviewConfig(AppConfig):
    name = "tidegate.desk.review"
    label = "review"
