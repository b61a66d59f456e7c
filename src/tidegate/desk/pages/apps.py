from django.apps import AppConfig


class PagesConfig(AppConfig):
    name = "tidegate.desk.pages"
    label = "pages"
